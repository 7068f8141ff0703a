package io.strandline;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One message in.
 *
 * @param timestamp the record's time as the log has it
 * @param key null where the sender gave none
 * @param value null for a tombstone and only for a tombstone
 * @param attempt 1 the first time this consumer hands it to the handler, then one more for each failure
 */
public record Message<K, V>(
        Topic<K, V> topic,
        Partition partition,
        long offset,
        Instant timestamp,
        @Nullable K key,
        @Nullable V value,
        Headers headers,
        int attempt) {
    public boolean tombstone() {
        return value == null;
    }
}
