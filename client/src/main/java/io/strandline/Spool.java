package io.strandline;

import java.nio.file.Path;

/**
 * Where messages wait that no broker took: a file on this machine. A producer with a spool
 * ({@link Kafka.ProducerBuilder#onFailure(Spool)}) appends what failed, forces it to the disk and sends it again until a
 * broker has it, also after a restart of the application. The sender is told by a {@link SendFailed} whose result is
 * {@link SendFailed.Result.Spooled}: it need not, and should not, send the message again.
 *
 * <p>What to know:
 *
 * <ul>
 *   <li>Order per key holds: while a message of a key waits here, later ones of the key go behind it. Not so for what was
 *       on its way already when the first one failed: it may arrive before. Who needs that waits for each send.
 *   <li>At least once: a message whose answer did not come may have been stored before, and one that was being sent again
 *       when the process died is sent once more.
 *   <li>Bounded: what does not fit fails as it would without a spool.
 *   <li>What can never be stored (too large, no name for a topic, ...) is not kept. If a broker says so only when it is
 *       sent again, it moves to a second file, {@code <path>.refused}, which is a spool itself.
 * </ul>
 *
 * @param path the file; {@code <path>.lock} beside it keeps other processes away. Its directory is made if missing.
 * @param maxBytes how large the file may be; while it is written anew without what was sent, twice that is in use
 */
public record Spool(Path path, long maxBytes) {
    private static final long BYTES_MIN = 4096;

    public Spool {
        path = path.toAbsolutePath();
        if (maxBytes < BYTES_MIN) {
            throw new IllegalArgumentException("A spool has " + BYTES_MIN + " bytes or more, not " + maxBytes);
        }
    }

    /** At most 256 MiB. */
    public static Spool file(Path path) {
        return new Spool(path, 256L * 1024 * 1024);
    }

    public Spool maxBytes(long bytes) {
        return new Spool(path, bytes);
    }
}
