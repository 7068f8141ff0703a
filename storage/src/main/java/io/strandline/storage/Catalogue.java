package io.strandline.storage;

import java.util.UUID;

/**
 * What the engine must know about topics, and the broker keeps in the metadata log. While a store opens it is filled by
 * {@link #apply}, before it is asked anything; after that it is asked by any thread, so the answers come from memory,
 * at once.
 */
public interface Catalogue {

    /** One batch of the metadata log, in the order of offsets. Called only while the store opens. */
    void apply(Batch batch);

    /** Whether the topic exists now. The files of a topic id that does not are removed. */
    boolean live(UUID topicId);

    /** The configuration of a live topic. */
    LogConfig config(UUID topicId);

    /** The topic's name, written beside its files for people who look there. */
    String name(UUID topicId);
}
