package io.strandline.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Appends to several logs that hold together (W10). One at a time: so all logs agree on the order of bundles, and the
 * committer can take them in that order.
 */
final class Bundles {
    /** Taken before the locks of the logs, which are taken in the order of {@link LogId}. Guards {@code last}. */
    private final ReentrantLock lock = new ReentrantLock();

    private long last;

    Store.Together append(List<Store.Part> parts, Context context) {
        lock.lock();
        try {
            var tooLarge = tooLarge(parts, context.journal().groupBytesMax());
            if (tooLarge.isPresent()) {
                return tooLarge.get();
            }
            while (true) {
                var outcome = tryAppend(parts, open(parts), context);
                if (outcome.isPresent()) {
                    return outcome.get();
                }
            }
        } catch (IOException e) {
            return new Store.Together.Refused(StorageError.KAFKA_STORAGE_ERROR, "A log cannot be opened: " + e);
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Store.Together> tooLarge(List<Store.Part> parts, int groupBytesMax) {
        long bytes = 0;
        for (var part : parts) {
            bytes += part.batch().sizeInBytes();
        }
        long groupBytes = Journal.groupBytes(0, parts.size(), bytes);
        return groupBytes <= groupBytesMax
                ? Optional.empty()
                : Optional.of(new Store.Together.Refused(
                        StorageError.RECORD_LIST_TOO_LARGE,
                        "The bundle takes " + groupBytes + " bytes; one group of the journal holds " + groupBytesMax
                                + "."));
    }

    private static SortedMap<LogId, OpenLog> open(List<Store.Part> parts) throws IOException {
        var open = new TreeMap<LogId, OpenLog>();
        for (var part : parts) {
            open.put(part.log().id(), part.log().open());
        }
        return open;
    }

    /** Empty if a log was closed as idle meanwhile. */
    private Optional<Store.Together> tryAppend(
            List<Store.Part> parts, SortedMap<LogId, OpenLog> logs, Context context) {
        logs.values().forEach(log -> log.lock().lock());
        try {
            for (var log : logs.values()) {
                if (log.isClosed()) {
                    return Optional.empty();
                }
                var refusal = log.refusal();
                if (refusal.isPresent()) {
                    return Optional.of(new Store.Together.Refused(
                            refusal.get().error(), refusal.get().reason()));
                }
            }
            return Optional.of(prepareAndHold(parts, logs, context));
        } finally {
            logs.values().forEach(log -> log.lock().unlock());
        }
    }

    private Store.Together prepareAndHold(List<Store.Part> parts, SortedMap<LogId, OpenLog> logs, Context context) {
        try {
            for (var log : logs.values()) {
                int bytes = parts.stream()
                        .filter(part -> part.log().id().equals(log.log().id()))
                        .mapToInt(part -> part.batch().sizeInBytes())
                        .sum();
                log.prepare(bytes, context.configOf(log.log().id()));
            }
        } catch (DiskFull e) {
            return new Store.Together.Refused(
                    StorageError.KAFKA_STORAGE_ERROR, "The disk is full (" + e.getMessage() + "); try again later.");
        } catch (IOException e) {
            parts.getFirst().log().fail(e);
            return new Store.Together.Refused(StorageError.KAFKA_STORAGE_ERROR, "The disk has failed: " + e);
        }
        return hold(parts, logs, context);
    }

    /** Nothing can fail here. The logs are announced first: half a bundle would keep the committer waiting for ever. */
    private Store.Together hold(List<Store.Part> parts, SortedMap<LogId, OpenLog> logs, Context context) {
        for (var log : logs.values()) {
            var refusal = log.announce();
            if (refusal.isPresent()) {
                return new Store.Together.Refused(
                        refusal.get().error(), refusal.get().reason());
            }
        }
        var bundle = new Bundle(++last, parts.size());
        var verdicts = new ArrayList<Verdict.Appended>();
        var durable = new ArrayList<Durability>();
        for (var part : parts) {
            var id = part.log().id();
            var log = logs.get(id);
            if (log == null) {
                throw new IllegalStateException("Not opened: " + id);
            }
            var verdict = log.hold(part.batch(), context.configOf(id), bundle);
            verdicts.add(verdict);
            durable.add(part.log().durable(verdict.endOffset()));
        }
        return new Store.Together.Accepted(verdicts, Durability.all(durable));
    }
}
