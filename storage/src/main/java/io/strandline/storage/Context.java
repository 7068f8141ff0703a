package io.strandline.storage;

import java.util.UUID;

/**
 * What all parts of one open store share.
 *
 * @param leaderEpoch goes into every batch; grows at each start after an unclean stop
 */
record Context(
        Disk disk,
        StoreConfig config,
        Catalogue catalogue,
        Time time,
        DirtyLogs dirty,
        Journal journal,
        Reserve reserve,
        UUID storeId,
        int leaderEpoch) {

    LogConfig configOf(LogId id) {
        return id.equals(LogId.METADATA) ? LogConfig.keepEverything() : catalogue.config(id.topicId());
    }

    String nameOf(LogId id) {
        return id.equals(LogId.METADATA) ? "__cluster_metadata" : catalogue.name(id.topicId());
    }
}
