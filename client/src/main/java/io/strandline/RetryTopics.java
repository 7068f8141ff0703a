package io.strandline;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/** Stores messages for a later attempt; see {@link Retry#inTopics()}. */
final class RetryTopics implements RetryWriter {
    /** Long enough for an application that is down for days; longer if its source keeps messages for longer. */
    private static final Duration KEPT_MIN = Duration.ofDays(7);

    /** Each costs its partitions; more than this is a schedule for memory. */
    static final int TOPICS_MAX = 10;

    private final String group;
    private final Retry retry;
    private final SideTopics topics;
    private final Producer producer;

    RetryTopics(String group, Retry retry, BlockingAdmin admin, Producer producer) {
        this.group = group;
        this.retry = retry;
        this.producer = producer;
        long longestMs =
                retry.delays().stream().mapToLong(Duration::toMillis).max().orElse(0);
        long keptMs = Math.max(KEPT_MIN.toMillis(), Math.multiplyExact(longestMs, 4));
        topics = new SideTopics(admin, "retry", SideTopics.kept(Long.toString(keptMs)));
    }

    /** {@code orders}, 90 s: {@code orders.retry.1m30s}. */
    static String name(String source, Duration delay) {
        var text = delay.isZero() ? "0s" : delay.toString().substring(1).replace("T", "");
        if (delay.toSeconds() == 0 && !delay.isZero()) {
            text = delay.toMillis() + "ms";
        }
        return source + ".retry." + text.toLowerCase(java.util.Locale.ROOT);
    }

    static Set<String> names(String source, Retry retry) {
        var names = new LinkedHashSet<String>();
        retry.delays().forEach(delay -> names.add(name(source, delay)));
        return names;
    }

    /** As {@link SideTopics#ensureAll}. */
    void ensureAll(String source) {
        topics.ensureAll(source, names(source, retry));
    }

    @Override
    public Ack write(Task task, Task.Letter letter, Time time) {
        var source = task.record();
        var message = Outgoing.to(Topic.bytes(letter.topic()), source.key(), source.value())
                .headers(RetryHeaders.of(task, group, letter, time))
                .partition(topics.partition(letter.topic(), source));
        try {
            return producer.send(message);
        } catch (SendFailed e) {
            topics.forget(letter.topic()); // perhaps it was deleted
            throw e;
        }
    }
}
