package io.strandline.storage.simulation;

import java.util.List;
import java.util.SplittableRandom;

/**
 * What a power cut leaves of one file's unforced changes. Pure chance would almost never keep all or lose all of many
 * sectors, and these are the likeliest outcomes on real disks: so each file first draws one of three moods.
 */
final class Survival {
    private enum Mood {
        NOTHING,
        SOME,
        EVERYTHING
    }

    private static final int SECTORS_ALONE = 2;

    private final Mood bytes;
    private final Mood sizes;
    private final int percent;
    private final boolean byPage;
    private final boolean tornSectors;

    private Survival(Mood bytes, Mood sizes, int percent, boolean byPage, boolean tornSectors) {
        this.bytes = bytes;
        this.sizes = sizes;
        this.percent = percent;
        this.byPage = byPage;
        this.tornSectors = tornSectors;
    }

    static Survival draw(SplittableRandom random, boolean tornSectors) {
        return new Survival(
                mood(random), mood(random), 5 + random.nextInt(91), random.nextInt(SECTORS_ALONE) == 0, tornSectors);
    }

    /** Whether a page survives or is lost as one (a file system's block) or sector by sector (a disk's). */
    boolean wholePage(SplittableRandom random) {
        return byPage || random.nextInt(8) == 0;
    }

    /** Which of so many versions is on the platter, or -1 for what was there before all of them. */
    int version(int count, SplittableRandom random) {
        return switch (bytes) {
            case NOTHING -> -1;
            case EVERYTHING -> count - 1;
            case SOME -> random.nextInt(100) >= percent ? -1 : random.nextBoolean() ? count - 1 : random.nextInt(count);
        };
    }

    /** How many bytes at the end of a surviving sector are still the old ones. */
    int tornAt(SplittableRandom random) {
        return tornSectors && bytes == Mood.SOME && random.nextInt(4) == 0
                ? random.nextInt(UnforcedPage.SECTOR_SIZE)
                : 0;
    }

    /** The length of the file, given the forced one and those that it had since, oldest first. */
    long size(long forced, List<Long> since, SplittableRandom random) {
        if (since.isEmpty()) {
            return forced;
        }
        long last = since.get(since.size() - 1);
        return switch (sizes) {
            case NOTHING -> forced;
            case EVERYTHING -> last;
            case SOME ->
                switch (random.nextInt(3)) {
                    case 0 -> forced;
                    case 1 -> since.get(random.nextInt(since.size()));
                    default -> sectorBetween(Math.min(forced, last), Math.max(forced, last), random);
                };
        };
    }

    private static long sectorBetween(long low, long high, SplittableRandom random) {
        long any = low + random.nextLong(high - low + 1);
        return Math.max(low, any - any % UnforcedPage.SECTOR_SIZE);
    }

    private static Mood mood(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> Mood.NOTHING;
            case 1 -> Mood.EVERYTHING;
            default -> Mood.SOME;
        };
    }
}
