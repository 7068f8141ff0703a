package io.strandline.storage;

import java.io.IOException;
import java.util.List;

/**
 * What one cycle makes durable of one log: neighbouring runs, from the log's durable end on (W1). Over more than one
 * segment when the log was rolled in between.
 */
record Range(OpenLog log, List<Run> runs) {

    long bytes() {
        return bytes(runs);
    }

    static long bytes(List<Run> runs) {
        long bytes = 0;
        for (var run : runs) {
            bytes += run.length();
        }
        return bytes;
    }

    static long groupBytes(int ends, List<Range> ranges) {
        int frames = 0;
        long bytes = 0;
        for (var range : ranges) {
            frames += range.runs.size();
            bytes += range.bytes();
        }
        return Journal.groupBytes(ends, frames, bytes);
    }

    /** Forces every file that the range touches, the oldest first, their names before (W9). */
    void force() throws IOException {
        for (int i = 0; i < runs.size(); i++) {
            var segment = runs.get(i).segment();
            boolean last = i == runs.size() - 1 || runs.get(i + 1).segment() != segment;
            if (last) {
                segment.forceBirth();
                segment.force(runs.get(i).to());
            }
        }
    }

    /** Puts the parts of bundles into their segments; the journal holds them now (W10). */
    void fillIn(Reserve reserve) throws IOException {
        for (var run : runs) {
            if (run.isHeldBack()) {
                reserve.secure(run::fillIn);
            }
        }
    }

    /** It is on the disk: readers may see it, and who waits for it is woken. */
    void publish() {
        log.publish(runs.getLast());
    }
}
