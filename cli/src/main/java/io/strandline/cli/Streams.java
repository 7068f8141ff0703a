package io.strandline.cli;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * What a command reads and writes.
 *
 * @param terminal whether a person watches {@code err} on a terminal, where a line can be written over
 */
public record Streams(InputStream in, PrintStream out, PrintStream err, boolean terminal) {}
