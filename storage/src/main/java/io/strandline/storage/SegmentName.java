package io.strandline.storage;

/**
 * Tells one segment of a log from another.
 *
 * @param base offset at which it begins
 * @param generation grows when the same offsets are written to a new file (compaction)
 */
record SegmentName(long base, int generation) implements Comparable<SegmentName> {
    @Override
    public int compareTo(SegmentName other) {
        int byBase = Long.compare(base, other.base);
        return byBase != 0 ? byBase : Integer.compare(generation, other.generation);
    }
}
