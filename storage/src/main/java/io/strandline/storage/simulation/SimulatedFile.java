package io.strandline.storage.simulation;

import static io.strandline.storage.simulation.PageTable.PAGE_SIZE;
import static io.strandline.storage.simulation.PageTable.ZEROS;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * One file: what the page cache holds, what the platter holds, and what happened in between. Not safe for several
 * threads: {@link SimulatedDisk} has the lock.
 *
 * <p>Bytes of the page cache at and behind the file's end are zeros.
 */
final class SimulatedFile implements SimulatedNode {
    private static final int SIZES_MAX = 16;

    private final PageTable cache;
    private final PageTable platter;
    private final TreeMap<Integer, UnforcedPage> unforcedPages = new TreeMap<>();
    private final List<Long> unforcedSizes = new ArrayList<>(2);
    private long cacheSize;
    private long platterSize;

    SimulatedFile() {
        this(new PageTable(), new PageTable());
    }

    private SimulatedFile(PageTable cache, PageTable platter) {
        this.cache = cache;
        this.platter = platter;
    }

    long size() {
        return cacheSize;
    }

    boolean isForced() {
        return unforcedPages.isEmpty() && unforcedSizes.isEmpty();
    }

    /** Pages that take space. */
    long pages() {
        return cache.present();
    }

    /** How many of so many bytes can be written when only so many more pages may take space. */
    long fitting(long position, long length, long freePages) {
        long end = position;
        while (end < position + length) {
            int index = PageTable.index(end);
            if (!cache.has(index) && freePages-- <= 0) {
                return end - position;
            }
            end = (index + 1L) * PAGE_SIZE;
        }
        return length;
    }

    /** Writes {@code length} bytes of the buffer, and advances it. */
    void write(long position, ByteBuffer source, int length) {
        long end = position + length;
        while (position < end) {
            int index = PageTable.index(position);
            int from = (int) (position % PAGE_SIZE);
            int to = (int) Math.min(PAGE_SIZE, from + (end - position));
            put(index, pageWith(index, source, from, to), from, to);
            position += to - from;
        }
        if (length > 0 && end > cacheSize) {
            resize(end);
        }
    }

    int read(long position, ByteBuffer target) {
        int length = (int) Math.max(0, Math.min(target.remaining(), cacheSize - position));
        int limit = target.limit();
        target.limit(target.position() + length);
        cache.read(position, target);
        target.limit(limit);
        return length;
    }

    void truncate(long size) {
        if (size >= cacheSize) {
            return;
        }
        int kept = (int) (size % PAGE_SIZE);
        int first = PageTable.index(size + PAGE_SIZE - 1);
        if (kept > 0 && cache.has(first - 1)) {
            var page = new byte[PAGE_SIZE];
            System.arraycopy(cache.page(first - 1), 0, page, 0, kept);
            put(first - 1, page, kept, PAGE_SIZE);
        }
        for (int index = first; index < cache.end(); index++) {
            if (cache.has(index)) {
                put(index, ZEROS, 0, PAGE_SIZE);
            }
        }
        cache.removeFrom(first);
        resize(size);
    }

    /** Everything written since the last force reaches the platter; nothing else does. */
    void force() {
        unforcedPages.forEach((index, page) -> platter.put(index, page.forcedOnto(platter.page(index))));
        platter.removeFrom(PageTable.index(cacheSize + PAGE_SIZE - 1));
        platterSize = cacheSize;
        unforcedPages.clear();
        unforcedSizes.clear();
    }

    /**
     * Some of it reaches the platter; the rest is taken for clean all the same. It can still be read, and no later
     * force writes it: only writing the bytes again does. (Linux since ever; "fsyncgate", 2018. The size is metadata,
     * and the file system's own journal does not forget it.)
     */
    void failForce(SplittableRandom random) {
        var survival = Survival.draw(random, false);
        unforcedPages.forEach(
                (index, page) -> platter.put(index, page.partlyOnto(platter.page(index), survival, random)));
        unforcedPages.clear();
    }

    /** Memory is short: what is clean leaves the page cache, and the next reader gets what the platter has. */
    void evictCleanPages() {
        for (int index = 0; index < Math.max(cache.end(), platter.end()); index++) {
            if (!unforcedPages.containsKey(index) && (long) index * PAGE_SIZE < cacheSize) {
                if (cache.has(index) || platter.has(index)) {
                    cache.put(index, platter.page(index));
                }
            }
        }
    }

    /** Bytes change on the platter by themselves, and nobody is told. */
    void damage(long position, ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            int index = PageTable.index(position);
            int from = (int) (position % PAGE_SIZE);
            int length = Math.min(bytes.remaining(), PAGE_SIZE - from);
            var page = platter.page(index).clone();
            bytes.get(page, from, length);
            platter.put(index, page);
            cache.put(index, page);
            position += length;
        }
    }

    /** The file after the power came back. This one stays as it is. */
    SimulatedFile afterPowerCut(Survival survival, SplittableRandom random) {
        var pages = platter.copy();
        long size = survival.size(platterSize, unforcedSizes, random);
        unforcedPages.forEach((index, page) -> pages.put(index, page.partlyOnto(pages.page(index), survival, random)));
        var after = new SimulatedFile(pages, pages.copy());
        after.cacheSize = size;
        after.platterSize = size;
        after.clearBehindEnd();
        return after;
    }

    /** The file as the next process finds it: page cache and all. */
    SimulatedFile afterProcessKill() {
        var after = new SimulatedFile(cache.copy(), platter.copy());
        after.cacheSize = cacheSize;
        after.platterSize = platterSize;
        unforcedPages.forEach((index, page) -> after.unforcedPages.put(index, page.copy()));
        after.unforcedSizes.addAll(unforcedSizes);
        return after;
    }

    private byte[] pageWith(int index, ByteBuffer source, int from, int to) {
        int length = to - from;
        var written = source.slice(source.position(), length);
        if (length == PAGE_SIZE && written.mismatch(ByteBuffer.wrap(ZEROS)) < 0) {
            source.position(source.position() + length);
            return ZEROS;
        }
        var page = length == PAGE_SIZE ? new byte[PAGE_SIZE] : cache.page(index).clone();
        source.get(page, from, length);
        return page;
    }

    private void put(int index, byte[] page, int from, int to) {
        cache.put(index, page);
        unforcedPages.computeIfAbsent(index, i -> new UnforcedPage()).written(page, from, to);
    }

    private void resize(long size) {
        cacheSize = size;
        if (unforcedSizes.size() == SIZES_MAX) {
            unforcedSizes.remove(0);
        }
        unforcedSizes.add(size);
    }

    private void clearBehindEnd() {
        int kept = (int) (cacheSize % PAGE_SIZE);
        int first = PageTable.index(cacheSize + PAGE_SIZE - 1);
        cache.removeFrom(first);
        platter.removeFrom(first);
        if (kept > 0 && cache.has(first - 1)) {
            var whole = cache.page(first - 1);
            if (Arrays.equals(whole, kept, PAGE_SIZE, ZEROS, kept, PAGE_SIZE)) {
                return;
            }
            var page = new byte[PAGE_SIZE];
            System.arraycopy(whole, 0, page, 0, kept);
            cache.put(first - 1, page);
            platter.put(first - 1, page);
        }
    }
}
