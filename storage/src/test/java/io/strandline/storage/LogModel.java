package io.strandline.storage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a log must hold, kept beside the store by a test. */
final class LogModel {
    final LogId id;

    /** In the order of offsets, dropped ones included. */
    final List<Entry> entries = new ArrayList<>();

    /** What is being appended, or was refused by a store that failed meanwhile: it may be there after a crash, or not. */
    final List<Entry> attempts = new ArrayList<>();

    /** The last batches that each producer has sent and that are in the log, the newest last. */
    final Map<Long, List<Entry>> sent = new HashMap<>();

    /** The highest start that was answered as durable. */
    long durableStart;

    /** An appended batch. */
    record Entry(long base, long end, long tag, long producer, int sequence, long bundle, long killProofFrom) {}

    LogModel(LogId id) {
        this.id = id;
    }

    long end() {
        return entries.isEmpty() ? 0 : entries.getLast().end;
    }

    /** All that can be in the log. */
    List<Entry> possible() {
        if (attempts.isEmpty()) {
            return entries;
        }
        var all = new ArrayList<>(entries);
        all.addAll(attempts);
        return all;
    }

    long possibleEnd() {
        return attempts.isEmpty() ? end() : attempts.getLast().end;
    }

    void add(Entry entry) {
        entries.add(entry);
        if (entry.producer >= 0) {
            var window = sent.computeIfAbsent(entry.producer, producer -> new ArrayList<>());
            window.add(entry);
            if (window.size() > ProducerStates.WINDOW) {
                window.removeFirst();
            }
        }
    }

    int nextSequence(long producer) {
        var window = sent.getOrDefault(producer, List.of());
        return window.isEmpty() ? 0 : window.getLast().sequence + (int) (window.getLast().end - window.getLast().base);
    }

    /** A crash took what lies behind an offset. */
    void cutAt(long end) {
        entries.addAll(attempts);
        attempts.clear();
        entries.removeIf(entry -> entry.base >= end);
        sent.clear();
        for (var entry : List.copyOf(entries)) {
            if (entry.producer >= 0) {
                var window = sent.computeIfAbsent(entry.producer, producer -> new ArrayList<>());
                window.add(entry);
                if (window.size() > ProducerStates.WINDOW) {
                    window.removeFirst();
                }
            }
        }
    }

    /** The end up to which a killed process leaves the log, given what was durable then. */
    long killProofEnd(long durableEnd) {
        long end = durableEnd;
        for (var entry : entries) {
            if (entry.end > durableEnd && entry.killProofFrom <= durableEnd && entry.base == end) {
                end = entry.end;
            }
        }
        return end;
    }
}
