package io.strandline.benchmarks;

/** Names of what is measured of clients. */
final class Measure {
    static final String COLD_START = "launch to first message, s";
    static final String COLD_START_MEMORY = "resident memory at most, MB";

    private Measure() {}

    /** Messages a second. */
    static String rate(String discipline, int size) {
        return discipline + ", " + named(size) + ", messages/s";
    }

    /** Processor time of the client's process. */
    static String cpu(String discipline, int size) {
        return discipline + ", " + named(size) + ", CPU µs a message";
    }

    /** Of messages of this size. */
    static String heap(int size) {
        return named(size) + ", alive on the heap, MB";
    }

    static String named(int size) {
        return size == Discipline.LARGE ? "1 KiB" : size + " B";
    }
}
