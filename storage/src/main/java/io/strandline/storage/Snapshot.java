package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A log's producers and leader epochs as of one offset, so that a log need not be read from its beginning.
 *
 * <pre>
 *  file OFFSET.snapshot, content:
 *   0  8  the offset
 *   8     leader epochs: 4 number, each 4 epoch, 8 first offset
 *         producers: see {@link ProducerStates#write}
 * </pre>
 *
 * @param offset every batch below it is in the snapshot, none from it on
 */
record Snapshot(long offset, ByteBuffer content) {
    static final SmallFile FILE = new SmallFile("SLSNAPSH", 1);

    static Snapshot of(long offset, LeaderEpochs epochs, ProducerStates producers) {
        var bytes = ByteBuffer.allocate(8 + epochs.encodedBytes() + producers.encodedBytes());
        bytes.putLong(offset);
        epochs.write(bytes);
        producers.write(bytes);
        return new Snapshot(offset, bytes.flip());
    }

    void restore(LeaderEpochs epochs, ProducerStates producers) {
        var bytes = content.duplicate();
        bytes.getLong();
        epochs.read(bytes);
        producers.read(bytes);
    }

    /** Writes and forces it. Only for offsets up to the durable end (W13). */
    void write(Disk disk, LogId log) throws IOException {
        FILE.write(disk, Layout.log(log), Layout.snapshotName(offset), content);
    }

    /** The newest sound one that does not run ahead of a log's end (W13). */
    static Optional<Snapshot> newest(Disk disk, LogId log, long logEnd) throws IOException {
        if (!disk.exists(Layout.log(log))) {
            return Optional.empty();
        }
        for (var name : disk.list(Layout.log(log)).reversed()) {
            var offset = Layout.parseSnapshot(name);
            if (offset.isPresent()
                    && offset.get() <= logEnd
                    && FILE.read(disk, Layout.log(log) + "/" + name) instanceof SmallFile.Content.Found found
                    && found.bytes().getLong(0) == offset.get()) {
                return Optional.of(new Snapshot(offset.get(), found.bytes()));
            }
        }
        return Optional.empty();
    }

    /**
     * Removes all but the newest two, and the newest one from which the log can be read back whatever a power cut takes: with
     * {@code durability=os} the others may lie behind the end that is left.
     *
     * @param recoveryOffset what lies before it is on the disk
     */
    static void removeOld(Disk disk, LogId log, long recoveryOffset) throws IOException {
        var names = disk.list(Layout.log(log)).stream()
                .filter(name -> Layout.parseSnapshot(name).isPresent())
                .toList();
        for (int i = 0; i < names.size() - 2; i++) {
            boolean nextWillDo = Layout.parseSnapshot(names.get(i + 1)).orElseThrow() <= recoveryOffset;
            if (nextWillDo) {
                disk.delete(Layout.log(log) + "/" + names.get(i));
            }
        }
    }
}
