package io.strandline.cli.demo;

import java.io.IOException;

/** The broker that the demo ill-treats. Its address stays the same over all its lives. */
interface DemoBroker extends AutoCloseable {

    /** Where clients find it, {@code host:port}. */
    String address();

    /** What it is and where its data are, for the first line. */
    String description();

    /** Returns when it takes connections. */
    void start() throws Exception;

    /** Ends it without a word. What clients and the disk see is a death, not a stop. */
    void kill() throws Exception;

    /** In one sentence, what {@link #kill} just did. */
    String killed();

    /** Stops it and clears up. */
    @Override
    void close() throws IOException;
}
