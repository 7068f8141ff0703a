package io.strandline.cli.demo;

import java.util.Arrays;

/** Picks events, evenly over the file, and makes them unreadable. */
final class Spoiler {
    private final int events;
    private final int spoil;
    private int seen;

    /**
     * @param events how many there will be
     * @param spoil how many of them to pick; all, if it is more
     */
    Spoiler(int events, int spoil) {
        this.events = events;
        this.spoil = Math.min(spoil, events);
    }

    /** Whether to spoil the next event. */
    boolean next() {
        var before = picked(seen);
        seen++;
        return picked(seen) > before;
    }

    private long picked(int passed) {
        return (long) passed * spoil / events;
    }

    /** The first half of a JSON object, which is never JSON. */
    static byte[] cut(byte[] object) {
        var end = object.length - 1;
        while (object[end] != '}') {
            end--;
        }
        return Arrays.copyOf(object, Math.max(1, end / 2));
    }
}
