package io.strandline.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Places in a file that a run writes into: from a line that is theirs to the next one that says the end. */
record Marks(Path file) {
    private static final String END = "<!-- end of the figures -->\n";

    static Marks in(Path file) {
        return new Marks(file);
    }

    /** Puts a text behind this line and before the end, instead of what stands there. */
    void replace(String begin, String text) throws IOException {
        var all = Files.readString(file);
        int at = all.indexOf(begin + "\n");
        int end = at < 0 ? -1 : all.indexOf(END, at);
        if (end < 0) {
            throw new IllegalStateException(file + " has no place for the figures: the lines\n" + begin + "\n" + END);
        }
        Files.writeString(file, all.substring(0, at) + begin + "\n\n" + text + "\n" + all.substring(end));
    }
}
