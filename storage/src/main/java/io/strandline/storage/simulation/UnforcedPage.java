package io.strandline.storage.simulation;

import static io.strandline.storage.simulation.PageTable.PAGE_SIZE;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What one page looked like after each write since the last force. The kernel may have written the page back after any
 * of them, so each sector is on the platter as it was before, or as one of these.
 */
final class UnforcedPage {
    static final int SECTOR_SIZE = 512;
    private static final int SECTORS = PAGE_SIZE / SECTOR_SIZE;
    private static final int VERSIONS_MAX = 8;

    private final List<byte[]> versions;
    private int dirtySectors;

    UnforcedPage() {
        this(new ArrayList<>(1), 0);
    }

    private UnforcedPage(List<byte[]> versions, int dirtySectors) {
        this.versions = versions;
        this.dirtySectors = dirtySectors;
    }

    UnforcedPage copy() {
        return new UnforcedPage(new ArrayList<>(versions), dirtySectors);
    }

    /** The page after a write to the bytes [from, to) of it. Of very many versions the oldest is forgotten. */
    void written(byte[] page, int from, int to) {
        if (versions.size() == VERSIONS_MAX) {
            versions.remove(0);
        }
        versions.add(page);
        for (int sector = from / SECTOR_SIZE; sector <= (to - 1) / SECTOR_SIZE; sector++) {
            dirtySectors |= 1 << sector;
        }
    }

    /** The platter's page after a force that worked: sectors that were not written since are left alone. */
    byte[] forcedOnto(byte[] platter) {
        var latest = versions.get(versions.size() - 1);
        if (dirtySectors == (1 << SECTORS) - 1) {
            return latest;
        }
        var page = platter.clone();
        for (int sector = 0; sector < SECTORS; sector++) {
            if (isDirty(sector)) {
                copySector(latest, page, sector);
            }
        }
        return page;
    }

    /** The platter's page when each dirty sector is as it was, or as after one of the writes. */
    byte[] partlyOnto(byte[] platter, Survival survival, SplittableRandom random) {
        if (survival.wholePage(random)) {
            int version = survival.version(versions.size(), random);
            return version < 0 ? platter : sectorsOf(versions.get(version), platter);
        }
        byte[] page = null;
        for (int sector = 0; sector < SECTORS; sector++) {
            int version = isDirty(sector) ? survival.version(versions.size(), random) : -1;
            if (version >= 0) {
                page = page == null ? platter.clone() : page;
                int torn = survival.tornAt(random);
                System.arraycopy(
                        versions.get(version), sector * SECTOR_SIZE, page, sector * SECTOR_SIZE, SECTOR_SIZE - torn);
            }
        }
        return page == null ? platter : page;
    }

    private byte[] sectorsOf(byte[] version, byte[] platter) {
        var page = platter.clone();
        for (int sector = 0; sector < SECTORS; sector++) {
            if (isDirty(sector)) {
                copySector(version, page, sector);
            }
        }
        return page;
    }

    private boolean isDirty(int sector) {
        return (dirtySectors & 1 << sector) != 0;
    }

    private static void copySector(byte[] from, byte[] to, int sector) {
        System.arraycopy(from, sector * SECTOR_SIZE, to, sector * SECTOR_SIZE, SECTOR_SIZE);
    }
}
