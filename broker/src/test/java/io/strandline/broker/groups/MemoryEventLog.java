package io.strandline.broker.groups;

import java.util.ArrayList;
import java.util.List;

/**
 * A log in memory whose disk a test can hold up, and whose unforced end it can cut off. It keeps records, not events: a restart
 * reads what was written.
 */
final class MemoryEventLog implements EventLog {
    private final List<EventRecords.Entry> records = new ArrayList<>();
    private int forgotten;
    private int durable;
    private boolean full;

    @Override
    public Appended append(List<Event> appended) {
        if (full) {
            return new Appended.Refused("no space left on device");
        }
        if (appended.isEmpty()) {
            throw new IllegalArgumentException("An append of nothing");
        }
        appended.forEach(event -> records.add(EventRecords.write(event)));
        return new Appended.At(records.size());
    }

    @Override
    public long length() {
        return records.size() - forgotten;
    }

    @Override
    public long end() {
        return records.size();
    }

    @Override
    public boolean isDurable(long endOffset) {
        return endOffset <= durable;
    }

    @Override
    public void forgetBefore(long offset) {
        if (offset > durable) {
            throw new IllegalArgumentException("Would forget what is not durable: " + offset + " of " + durable);
        }
        forgotten = (int) offset;
    }

    void full(boolean isFull) {
        full = isFull;
    }

    void force() {
        durable = records.size();
    }

    /** Makes the first events durable that are not yet. */
    void force(int count) {
        durable = Math.min(durable + count, records.size());
    }

    /** What was not forced is gone. */
    void cutPower() {
        records.subList(durable, records.size()).clear();
    }

    int unforced() {
        return records.size() - durable;
    }

    int size() {
        return records.size();
    }

    List<Event> events() {
        return records.subList(forgotten, records.size()).stream()
                .map(record -> EventRecords.read(record.key(), record.value()).orElseThrow())
                .toList();
    }
}
