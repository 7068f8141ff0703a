package io.strandline;

import java.util.List;
import java.util.OptionalLong;

/**
 * What a consumer and each of its partitions are doing right now, and why they do not move. Made without I/O.
 *
 * @param consumer reasons that concern the whole consumer; empty if there are none
 */
public record Explanation(String group, Consumer.State state, List<Reason> consumer, List<Progress> partitions) {
    public Explanation {
        consumer = List.copyOf(consumer);
        partitions = List.copyOf(partitions);
    }

    /**
     * One partition.
     *
     * @param position the lowest offset that is not finished: what would be committed now; empty before the first fetch
     * @param end the end of the log as of the last fetch; empty before the first one
     */
    public record Progress(Partition partition, OptionalLong position, OptionalLong end, Reason why) {
        /** Messages that are not finished, as of the last fetch. */
        public OptionalLong lag() {
            return end.isPresent() && position.isPresent()
                    ? OptionalLong.of(Math.max(0, end.getAsLong() - position.getAsLong()))
                    : OptionalLong.empty();
        }
    }

    /** For a human: one line for the consumer, one for each reason and partition. */
    @Override
    public String toString() {
        var text = new StringBuilder("group " + group + ": " + state);
        consumer.forEach(reason -> text.append("\n  ").append(reason.text()));
        for (var p : partitions) {
            text.append("\n  ").append(p.partition());
            p.position().ifPresent(position -> text.append(" at ").append(position));
            p.end().ifPresent(end -> text.append(" of ").append(end));
            text.append(": ").append(p.why().text());
        }
        return text.toString();
    }
}
