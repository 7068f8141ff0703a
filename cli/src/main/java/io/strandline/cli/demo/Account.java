package io.strandline.cli.demo;

import io.strandline.cli.demo.Observations.Acknowledged;
import io.strandline.cli.demo.Observations.Assigned;
import io.strandline.cli.demo.Observations.Delivered;
import io.strandline.cli.demo.Observations.Letter;
import io.strandline.cli.demo.Observations.Published;
import io.strandline.cli.demo.Observations.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What became of every event: the table at the end of the demo. Each row says what it found and whether that is what was
 * promised; the account balances when every row does.
 */
record Account(List<Row> rows) {

    /**
     * One line of the table.
     *
     * @param remark in words what the figure does not say, or why it is wrong; may be empty
     */
    record Row(String name, String figure, boolean asPromised, String remark) {}

    static Account of(Observations seen, Duration took) {
        return new Audit(seen).account(took);
    }

    boolean balances() {
        return rows.stream().allMatch(Row::asPromised);
    }

    /** The table as text, one row a line, without a line end after the last. */
    String table() {
        return rows.stream()
                .map(row -> "  %-22s %10s  %s  %s"
                        .formatted(row.name(), row.figure(), row.asPromised() ? "ok   " : "WRONG", row.remark())
                        .stripTrailing())
                .collect(Collectors.joining("\n"));
    }

    /** The work behind the rows; lives as long as one account is drawn up. */
    private static final class Audit {
        private static final int EXAMPLES_MAX = 3;

        private final Observations seen;
        private final Map<Integer, Published> publishedByLine;

        Audit(Observations seen) {
            this.seen = seen;
            this.publishedByLine = seen.published().stream()
                    .collect(Collectors.toMap(Published::line, Function.identity(), (first, again) -> first));
        }

        Account account(Duration took) {
            return new Account(List.of(
                    published(),
                    acknowledged(),
                    delivered(),
                    deliveredAgain(),
                    storedTwice(),
                    outOfOrder(),
                    deadLettered(),
                    lost(),
                    new Row(
                            "seconds",
                            String.format(Locale.ROOT, "%.1f", took.toMillis() / 1000.0),
                            true,
                            interruptions())));
        }

        private Row published() {
            var unreadable = unreadableLines().size();
            var remark = unreadable == 0 ? "" : unreadable + " of them cannot be read, and must become dead letters";
            if (seen.published().size() != seen.planned()) {
                remark = "of " + grouped(seen.planned()) + " in the file; publishing stopped";
            }
            return counted(
                    "published", seen.published().size(), seen.published().size() == seen.planned(), remark);
        }

        private Row acknowledged() {
            var lines = lines(seen.acknowledged(), Acknowledged::line);
            var missing = without(publishedByLine.keySet(), lines);
            return counted(
                    "acknowledged",
                    lines.size(),
                    missing.isEmpty(),
                    missing.isEmpty() ? "" : "no acknowledgement for " + linesInWords(missing));
        }

        private Row delivered() {
            var handled = lines(seen.delivered(), Delivered::line);
            var expected = without(publishedByLine.keySet(), unreadableLines());
            var missing = without(expected, handled);
            var unexpected = without(handled, expected);
            var remark = "";
            if (!missing.isEmpty()) {
                remark = "never delivered: " + linesInWords(missing);
            } else if (!unexpected.isEmpty()) {
                remark = "should have failed, or was never published: " + linesInWords(unexpected);
            }
            return counted("delivered", handled.size(), missing.isEmpty() && unexpected.isEmpty(), remark);
        }

        /**
         * At least once: an event may come again after a member was given its partition, but never when the progress behind it had
         * been stored before.
         */
        private Row deliveredAgain() {
            var unexplained = new TreeSet<Integer>();
            var explanations = new HashMap<String, Integer>();
            var again = 0;
            var last = new HashMap<Place, Delivered>();
            for (var delivery : seen.delivered()) {
                var before = last.put(new Place(delivery.partition(), delivery.offset()), delivery);
                if (before != null) {
                    again++;
                    var explanation = explanation(before, delivery);
                    if (explanation == null) {
                        unexplained.add(delivery.line());
                    } else {
                        explanations.merge(explanation, 1, Integer::sum);
                    }
                }
            }
            var remark = explanations.entrySet().stream()
                    .map(entry -> grouped(entry.getValue()) + " " + entry.getKey())
                    .sorted()
                    .collect(Collectors.joining(", "));
            if (!unexplained.isEmpty()) {
                remark = "without a rebalance or restart that explains it: " + linesInWords(unexplained);
            }
            return counted("delivered again", again, unexplained.isEmpty(), remark);
        }

        private @Nullable String explanation(Delivered before, Delivered again) {
            var partition = again.partition();
            return seen.assigned().stream()
                    .filter(assigned -> assigned.partitions().contains(partition)
                            && !assigned.at().isBefore(before.at())
                            && !assigned.at().isAfter(again.at())
                            && !committedBefore(assigned, partition, again.offset()))
                    .findFirst()
                    .map(assigned ->
                            interruptedBetween(before, assigned) ? "after the broker came back" : "after a rebalance")
                    .orElse(null);
        }

        private boolean committedBefore(Assigned assigned, int partition, long offset) {
            return seen.committed().stream()
                    .anyMatch(commit -> commit.partition() == partition
                            && commit.next() > offset
                            && commit.at().isBefore(assigned.at()));
        }

        private boolean interruptedBetween(Delivered before, Assigned assigned) {
            return seen.interrupted().stream()
                    .anyMatch(
                            cut -> !cut.at().isBefore(before.at()) && !cut.at().isAfter(assigned.at()));
        }

        private Row storedTwice() {
            var once = new HashSet<Integer>();
            var twice = new TreeSet<Integer>();
            for (var record : seen.stored()) {
                if (!once.add(record.line())) {
                    twice.add(record.line());
                }
            }
            return counted(
                    "stored twice",
                    seen.stored().size() - once.size(),
                    twice.isEmpty(),
                    twice.isEmpty() ? "" : linesInWords(twice));
        }

        /** Order per key, in the log and in what handlers saw. What comes again, and may, must come in order as well. */
        private Row outOfOrder() {
            var wrong = new TreeSet<Integer>();
            var inTheLog = new HashMap<String, Integer>();
            for (var record : seen.stored()) {
                expectRising(inTheLog, "log", record.line(), wrong);
            }
            var firstTime = new HashMap<String, Integer>();
            var inOneStretch = new HashMap<String, Integer>();
            var handled = new HashSet<Integer>();
            for (var delivery : seen.delivered()) {
                if (handled.add(delivery.line())) {
                    expectRising(firstTime, "first", delivery.line(), wrong);
                }
                expectRising(inOneStretch, stretch(delivery), delivery.line(), wrong);
            }
            return counted(
                    "out of order per key", wrong.size(), wrong.isEmpty(), wrong.isEmpty() ? "" : linesInWords(wrong));
        }

        private void expectRising(Map<String, Integer> lastByKey, String scope, int line, Set<Integer> wrong) {
            var event = publishedByLine.get(line);
            if (event != null && event.key() != null) {
                var before = lastByKey.put(scope + " " + event.key(), line);
                if (before != null && before >= line) {
                    wrong.add(line);
                }
            }
        }

        /** What one member handled of one partition between two assignments. */
        private String stretch(Delivered delivery) {
            var assignments = seen.assigned().stream()
                    .filter(assigned -> assigned.member().equals(delivery.member())
                            && assigned.partitions().contains(delivery.partition())
                            && !assigned.at().isAfter(delivery.at()))
                    .count();
            return delivery.member() + " " + delivery.partition() + " " + assignments;
        }

        /**
         * One for each event that cannot be read. A letter is written before the progress past its event is stored, so whoever is
         * given the partition in between writes it again; that is all that explains a second one.
         */
        private Row deadLettered() {
            var expected = unreadableLines();
            var found = lines(seen.letters(), Letter::line);
            var missing = without(expected, found);
            var unexpected = without(found, expected);
            var unexplained = unexplainedCopies();
            var again = seen.letters().size() - found.size();
            var remark = "exactly " + grouped(expected.size());
            if (!missing.isEmpty()) {
                remark = "no dead letter for " + linesInWords(missing);
            } else if (!unexpected.isEmpty()) {
                remark = "should have been handled: " + linesInWords(unexpected);
            } else if (!unexplained.isEmpty()) {
                remark = "written again without a rebalance or restart that explains it: " + linesInWords(unexplained);
            } else if (again > 0) {
                remark += "; " + grouped(again) + " written again after a rebalance or restart";
            }
            var exact = missing.isEmpty() && unexpected.isEmpty() && unexplained.isEmpty();
            return counted("dead-lettered", found.size(), exact, remark);
        }

        private Set<Integer> unexplainedCopies() {
            var places = seen.stored().stream()
                    .collect(Collectors.toMap(
                            Stored::line,
                            record -> new Place(record.partition(), record.offset()),
                            (first, again) -> first));
            var unexplained = new TreeSet<Integer>();
            seen.letters().stream()
                    .collect(Collectors.groupingBy(Letter::line, Collectors.counting()))
                    .forEach((line, copies) -> {
                        var place = places.get(line);
                        if (copies > 1 && (place == null || copies > timesGivenOut(place))) {
                            unexplained.add(line);
                        }
                    });
            return unexplained;
        }

        /** How often somebody was given the partition while the progress past this place was not stored. */
        private long timesGivenOut(Place place) {
            return seen.assigned().stream()
                    .filter(assigned -> assigned.partitions().contains(place.partition())
                            && !committedBefore(assigned, place.partition(), place.offset()))
                    .count();
        }

        /** Acknowledged, and then not where it was said to be, not as it was sent, or not at the end of its way. */
        private Row lost() {
            var stored = new HashMap<Place, Stored>();
            seen.stored().forEach(record -> stored.put(new Place(record.partition(), record.offset()), record));
            var arrived = new HashSet<>(lines(seen.delivered(), Delivered::line));
            arrived.addAll(lines(seen.letters(), Letter::line));

            var notStored = new TreeSet<Integer>();
            var altered = new TreeSet<Integer>();
            var notArrived = new TreeSet<Integer>();
            for (var ack : seen.acknowledged()) {
                var record = stored.get(new Place(ack.partition(), ack.offset()));
                var event = publishedByLine.get(ack.line());
                if (record == null || record.line() != ack.line()) {
                    notStored.add(ack.line());
                } else if (event != null && record.checksum() != event.checksum()) {
                    altered.add(ack.line());
                }
                if (!arrived.contains(ack.line())) {
                    notArrived.add(ack.line());
                }
            }
            var lost = new TreeSet<Integer>(notStored);
            lost.addAll(altered);
            lost.addAll(notArrived);

            var remarks = new ArrayList<String>();
            remarkOn(remarks, "not where the acknowledgement said", notStored);
            remarkOn(remarks, "other bytes than were sent", altered);
            remarkOn(remarks, "acknowledged and never handled", notArrived);
            return counted("lost", lost.size(), lost.isEmpty(), String.join("; ", remarks));
        }

        private static void remarkOn(List<String> remarks, String what, Set<Integer> lines) {
            if (!lines.isEmpty()) {
                remarks.add(what + ": " + linesInWords(lines));
            }
        }

        private String interruptions() {
            var count = seen.interrupted().size();
            return count == 0 ? "" : "with " + count + (count == 1 ? " interruption" : " interruptions");
        }

        private Set<Integer> unreadableLines() {
            return seen.published().stream()
                    .filter(event -> !event.readable())
                    .map(Published::line)
                    .collect(Collectors.toSet());
        }

        private static <T> Set<Integer> lines(List<T> entries, Function<T, Integer> line) {
            return entries.stream().map(line).collect(Collectors.toSet());
        }

        private static Set<Integer> without(Set<Integer> all, Set<Integer> some) {
            var rest = new TreeSet<>(all);
            rest.removeAll(some);
            return rest;
        }

        private static String linesInWords(Set<Integer> lines) {
            var examples = lines.stream()
                    .sorted()
                    .limit(EXAMPLES_MAX)
                    .map(String::valueOf)
                    .collect(Collectors.joining(", "));
            var more = lines.size() - EXAMPLES_MAX;
            return (lines.size() == 1 ? "line " : "lines ")
                    + examples
                    + (more > 0 ? " and " + grouped(more) + " more" : "");
        }

        private static Row counted(String name, int figure, boolean asPromised, String remark) {
            return new Row(name, grouped(figure), asPromised, remark);
        }

        private static String grouped(int figure) {
            return String.format(Locale.ROOT, "%,d", figure);
        }
    }

    private record Place(int partition, long offset) {}
}
