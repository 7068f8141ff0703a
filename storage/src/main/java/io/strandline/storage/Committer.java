package io.strandline.storage;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;

/**
 * Makes durable what was appended: the place where the product keeps its promise. One platform thread calls
 * {@link #cycle} again and again, or a test does.
 *
 * <p>While a force is under way appends gather, and the next cycle takes them together: the slower the disk, the larger
 * the groups. It runs no code but its own (W19): it publishes, and wakes.
 */
public final class Committer {
    private final Context context;
    private final Journal journal;
    private final Store store;
    private final SequencedSet<OpenLog> backlogs = new LinkedHashSet<>();
    private final Map<LogId, Long> ends = new LinkedHashMap<>();

    Committer(Store store, Context context) {
        this.store = store;
        this.context = context;
        this.journal = context.journal();
    }

    /** What was appended since the last cycle becomes durable, or nothing is ever acknowledged again. */
    public void cycle() {
        if (store.isFailed()) {
            return;
        }
        try {
            var cycle = choose(); // ends are read here, before any force (W1)
            if (!cycle.journaled().isEmpty()) {
                writeJournal(cycle);
                journal.force();
            }
            for (var range : cycle.journaled()) {
                range.fillIn(context.reserve());
                publish(range);
            }
            journal.settle();
            for (var range : cycle.direct()) {
                force(range);
                publish(range);
            }
        } catch (Throwable e) {
            store.fail(e); // final: every waiter is told, and no one waits for ever
        }
    }

    /** Whether a cycle would have something to do. */
    public boolean due() {
        return !store.isFailed() && (!backlogs.isEmpty() || !context.dirty().isEmpty());
    }

    private Cycle choose() {
        for (var log : context.dirty().take()) {
            log.drain();
            if (!log.backlog.isEmpty()) {
                backlogs.add(log);
            }
        }
        var cycle = Cycle.choose(backlogs, journal.groupBytesMax(), context.config());
        backlogs.removeIf(log -> log.backlog.isEmpty());
        return cycle;
    }

    private void writeJournal(Cycle cycle) throws Exception {
        var told = new LinkedHashMap<LogId, Long>();
        ends.entrySet().stream().limit(journal.groupEndsMax()).forEach(end -> told.put(end.getKey(), end.getValue()));
        store.checkpointer().makeRoom(Range.groupBytes(told.size(), cycle.journaled()));
        journal.write(told, cycle.journaled());
        ends.keySet().removeAll(told.keySet());
    }

    private void force(Range range) throws Exception {
        if (context.config().durability() == DurabilityMode.FSYNC) {
            range.force();
            store.checkpointer().forcedDirectly(range.bytes());
        }
    }

    private void publish(Range range) {
        if (context.config().durability() == DurabilityMode.FSYNC) {
            ends.put(range.log().log().id(), range.runs().getLast().endOffset()); // the next group says so (W4)
        }
        range.publish();
    }
}
