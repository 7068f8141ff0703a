package io.strandline.broker.topics;

import java.util.Map;
import java.util.UUID;

/** A fact in the metadata log. What is in a log of ours stays readable: kinds and fields are added, never changed. */
public sealed interface Event {
    /** The first fact of all: who this is. The latest one counts. */
    record Named(String clusterId, int nodeId) implements Event {}

    /** The broker runs again. Forced before the listener opens, so a disk that cannot write is found out early. */
    record Started(long atMs) implements Event {}

    /** @param config what was set for the topic itself */
    record TopicCreated(UUID id, String name, int partitions, Map<String, String> config) implements Event {}

    /** The topic with all its records is gone. */
    record TopicDeleted(UUID id) implements Event {}

    /** @param config replaces all that was set for the topic */
    record TopicConfigured(UUID id, Map<String, String> config) implements Event {}

    /** @param partitions how many there are now; never fewer than before */
    record PartitionsAdded(UUID id, int partitions) implements Event {}

    /** Producer ids below {@code end} are taken (W20). */
    record ProducerIdsReserved(long end) implements Event {}
}
