package io.strandline;

import java.time.Duration;
import java.util.Set;

/**
 * Once through a piece of history, outside every group: it ends by itself, commits nothing and disturbs nobody. A
 * message that cannot be read as its type is a failure of type {@link PoisonMessage}.
 */
public interface Replay<K, V> {
    /** Default: the oldest message that is still there. */
    Replay<K, V> from(Position position);

    /** The first message that is not read any more. Default: where the log ended when {@link #each} began. */
    Replay<K, V> to(Position position);

    /** Default: all. */
    Replay<K, V> partitions(Set<Integer> only);

    /**
     * Hands over every message: those of a partition one after the other in their order, partitions side by side, each
     * call on a virtual thread. Blocks until all are done. The first failure stops it: others that are running finish.
     *
     * @throws Exception what the handler threw first; what others threw meanwhile is suppressed in it
     */
    Report each(Handler.Simple<K, V> handler) throws Exception;

    /** @param read messages that the handler finished */
    record Report(long read, Duration took) {}
}
