package io.strandline.storage.simulation;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The pages of a file, copied only when written. A page in the table is never changed, only replaced, so that two
 * tables (page cache and platter, before and after a cut) share what they have in common. A page that was never
 * written is absent: it reads as zeros and takes no space.
 */
final class PageTable {
    static final int PAGE_SIZE = 4096;

    /** Stands for every page of zeros, so that a preallocated journal costs a reference for each 4 KiB. */
    static final byte[] ZEROS = new byte[PAGE_SIZE];

    private static final byte[] @Nullable [] NONE = {};

    private byte[] @Nullable [] pages;
    private int present;
    private boolean shared = true;

    PageTable() {
        this(NONE, 0);
    }

    private PageTable(byte[] @Nullable [] pages, int present) {
        this.pages = pages;
        this.present = present;
    }

    /** The same pages; from now on each side copies the table before its next change. */
    PageTable copy() {
        shared = true;
        return new PageTable(pages, present);
    }

    /** How many pages take space. */
    int present() {
        return present;
    }

    /** One above the highest page that can be present. */
    int end() {
        return pages.length;
    }

    boolean has(int index) {
        return index < pages.length && pages[index] != null;
    }

    /** The page, or zeros. Never to be changed. */
    byte[] page(int index) {
        var page = index < pages.length ? pages[index] : null;
        return page == null ? ZEROS : page;
    }

    void put(int index, byte[] page) {
        if (index >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(index + 1, pages.length * 2));
            shared = false;
        }
        own();
        present += pages[index] == null ? 1 : 0;
        pages[index] = page;
    }

    /** Makes the pages from the given one on absent. */
    void removeFrom(int first) {
        for (int index = first; index < pages.length; index++) {
            if (pages[index] != null) {
                own();
                pages[index] = null;
                present--;
            }
        }
    }

    /** Fills what remains of the buffer from the given position on. */
    void read(long position, ByteBuffer into) {
        while (into.hasRemaining()) {
            int offset = (int) (position % PAGE_SIZE);
            int length = Math.min(into.remaining(), PAGE_SIZE - offset);
            into.put(page(index(position)), offset, length);
            position += length;
        }
    }

    static int index(long position) {
        return Math.toIntExact(position / PAGE_SIZE);
    }

    private void own() {
        if (shared) {
            pages = pages.clone();
            shared = false;
        }
    }
}
