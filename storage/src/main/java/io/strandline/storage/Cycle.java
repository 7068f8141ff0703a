package io.strandline.storage;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one cycle of the committer does: the choice of bytes, and of the way each takes to the disk. Choosing reads the
 * backlogs and takes from them what is chosen; it touches no file.
 *
 * @param journaled ranges that share one group of the journal
 * @param direct ranges whose own files are forced
 */
record Cycle(List<Range> journaled, List<Range> direct) {

    boolean isEmpty() {
        return journaled.isEmpty() && direct.isEmpty();
    }

    /**
     * Chooses from the backlogs. Of each log a beginning of its backlog is taken, so log order is commit order (W1). A
     * bundle is taken whole, with all that lies before it in its logs, or not yet (W10).
     *
     * @param logs each with something in its backlog, in the order in which they became dirty
     * @param groupBytesMax what the frames of the group may have together
     */
    static Cycle choose(Collection<OpenLog> logs, long groupBytesMax, StoreConfig config) {
        return new Choice(logs, groupBytesMax, config).make();
    }

    private static final class Choice {
        private final Collection<OpenLog> logs;
        private final long groupBytesMax;
        private final StoreConfig config;
        private final Map<OpenLog, List<Run>> journaled = new LinkedHashMap<>();
        private final List<Range> direct = new ArrayList<>();
        private long groupBytes;

        Choice(Collection<OpenLog> logs, long groupBytesMax, StoreConfig config) {
            this.logs = logs;
            this.groupBytesMax = groupBytesMax;
            this.config = config;
        }

        Cycle make() {
            takeBundles();
            for (var log : logs) {
                takePlain(log);
            }
            return new Cycle(
                    journaled.entrySet().stream()
                            .map(entry -> new Range(entry.getKey(), entry.getValue()))
                            .toList(),
                    direct);
        }

        /** Bundles in the order of their numbers, as many as are complete and fit. */
        private void takeBundles() {
            var parts = new TreeMap<Long, List<OpenLog>>();
            var numbers = new HashMap<Long, Bundle>();
            for (var log : logs) {
                for (var run : log.backlog) {
                    var bundle = run.bundle();
                    if (bundle != null) {
                        parts.computeIfAbsent(bundle.number(), number -> new ArrayList<>())
                                .add(log);
                        numbers.put(bundle.number(), bundle);
                    }
                }
            }
            for (var entry : parts.entrySet()) {
                var bundle = numbers.get(entry.getKey());
                if (bundle == null
                        || entry.getValue().size() != bundle.parts()
                        || !takeBundle(bundle, new java.util.LinkedHashSet<>(entry.getValue()))) {
                    return; // those behind it may lie behind its parts
                }
            }
        }

        private boolean takeBundle(Bundle bundle, Collection<OpenLog> inLogs) {
            var taken = new LinkedHashMap<OpenLog, List<Run>>();
            long bytes = 0;
            for (var log : inLogs) {
                var runs = upToLastPart(log, bundle);
                taken.put(log, runs);
                bytes += frameBytes(runs);
            }
            if (groupBytes + bytes > groupBytesMax) {
                return false;
            }
            taken.forEach(this::toJournal);
            return true;
        }

        private static List<Run> upToLastPart(OpenLog log, Bundle bundle) {
            var runs = new ArrayList<Run>();
            int upTo = 0;
            for (var run : log.backlog) {
                runs.add(run);
                if (bundle.equals(run.bundle())) {
                    upTo = runs.size();
                }
            }
            return runs.subList(0, upTo);
        }

        /** What lies before the first bundle that is not taken yet. */
        private void takePlain(OpenLog log) {
            var runs = new ArrayList<Run>();
            for (var run : log.backlog) {
                if (run.bundle() != null) {
                    break;
                }
                runs.add(run);
            }
            if (runs.isEmpty()) {
                return;
            }
            boolean fits = groupBytes + frameBytes(runs) <= groupBytesMax;
            if (config.durability() != DurabilityMode.FSYNC) {
                takeDirect(log, runs); // nothing is forced: no reason to write it twice
            } else if (journaled.containsKey(log)) {
                if (fits) {
                    toJournal(log, runs);
                }
            } else if (Journal.groupBytes(0, runs.size(), Range.bytes(runs)) > groupBytesMax) {
                takeDirect(log, runs); // no group can hold it
            } else if (runs.stream().allMatch(run -> run.segment().isBorn())
                    && config.router().route(Range.bytes(runs), logs.size()) == Router.Route.DIRECT) {
                takeDirect(log, runs);
            } else if (fits) {
                toJournal(log, runs);
            }
        }

        private void takeDirect(OpenLog log, List<Run> runs) {
            direct.add(new Range(log, runs));
            remove(log, runs.size());
        }

        private void toJournal(OpenLog log, List<Run> runs) {
            groupBytes += frameBytes(runs);
            int count = runs.size();
            journaled.computeIfAbsent(log, l -> new ArrayList<>()).addAll(runs);
            remove(log, count);
        }

        private static void remove(OpenLog log, int count) {
            for (int i = 0; i < count; i++) {
                log.backlog.removeFirst();
            }
        }

        private static long frameBytes(List<Run> runs) {
            return (long) runs.size() * GroupHeader.FRAME_HEAD_BYTES + Range.bytes(runs);
        }
    }
}
