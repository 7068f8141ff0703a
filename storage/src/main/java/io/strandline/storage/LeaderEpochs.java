package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * At which offset each leader epoch began. A client that has seen offset 70 of epoch 3 learns from it that epoch 3 ended
 * at 60, so what it saw was never acknowledged. Derived from the batches, which carry their epoch; the epoch itself is
 * durable in the checkpoint before the first batch carries it (W20). Guarded by the log's lock.
 */
final class LeaderEpochs {
    private final List<Start> starts = new ArrayList<>();

    private record Start(int epoch, long offset) {}

    /** A batch of this epoch is in the log. */
    void note(int epoch, long baseOffset) {
        if (starts.isEmpty() || starts.getLast().epoch < epoch) {
            starts.add(new Start(epoch, baseOffset));
        }
    }

    Optional<PartitionLog.EpochEnd> endOf(int epoch, long logEnd) {
        for (int i = starts.size() - 1; i >= 0; i--) {
            if (starts.get(i).epoch <= epoch) {
                long end = i + 1 < starts.size() ? starts.get(i + 1).offset : logEnd;
                return Optional.of(new PartitionLog.EpochEnd(starts.get(i).epoch, end));
            }
        }
        return Optional.empty();
    }

    int encodedBytes() {
        return 4 + 12 * starts.size();
    }

    void write(ByteBuffer to) {
        to.putInt(starts.size());
        starts.forEach(start -> to.putInt(start.epoch).putLong(start.offset));
    }

    void read(ByteBuffer from) {
        starts.clear();
        for (int left = from.getInt(); left > 0; left--) {
            starts.add(new Start(from.getInt(), from.getLong()));
        }
    }
}
