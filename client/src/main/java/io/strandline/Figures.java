package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts, latencies and error rates of a client, without a library of metrics: {@code Kafka.builder().instrument(figures)},
 * then {@link #snapshot} whenever somebody asks. Safe for use by all threads.
 *
 * <p>Everything counts from the beginning; rates are differences between two snapshots. There are no percentiles, for
 * which the adapters to metrics libraries are the place.
 */
public final class Figures implements Instrumentation {
    private final Time time;
    private final AtomicReference<@Nullable Kafka> kafka = new AtomicReference<>();
    private final Meter sent = new Meter();
    private final Map<String, Meter> handled = new ConcurrentHashMap<>();

    public Figures() {
        this(Time.system());
    }

    /** @param time measures how long things take */
    public Figures(Time time) {
        this.time = time;
    }

    /**
     * What was done since the beginning.
     *
     * @param done messages that were acknowledged, or whose handler returned
     * @param failed messages that failed for good to be sent, or attempts to handle one that failed
     * @param took of all that was done, together: from send to acknowledgement, or in the handler. In a batch each message
     *     takes as long as the batch
     * @param longest of all that was done, one; zero before the first
     */
    public record Work(long done, long failed, Duration took, Duration longest) {
        /** Zero before the first. */
        public Duration mean() {
            return done == 0 ? Duration.ZERO : took.dividedBy(done);
        }

        /** From 0 to 1; 0 before the first. */
        public double errorRate() {
            return failed == 0 ? 0 : (double) failed / (done + failed);
        }
    }

    /**
     * All figures at one time. They are read one after the other, so a message may be in one and not yet in another.
     *
     * @param handled by group
     * @param lag messages that are not finished, by group and partition of this client, as of the last fetch
     */
    public record Snapshot(Work sent, Map<String, Work> handled, Map<String, Map<Partition, Long>> lag) {
        public Snapshot {
            handled = Map.copyOf(handled);
            lag = Map.copyOf(lag);
        }
    }

    /** Does no I/O. */
    public Snapshot snapshot() {
        var work = new TreeMap<String, Work>();
        handled.forEach((group, meter) -> work.put(group, meter.read()));
        return new Snapshot(sent.read(), work, lag());
    }

    private Map<String, Map<Partition, Long>> lag() {
        var lag = new TreeMap<String, Map<Partition, Long>>();
        var client = kafka.get();
        if (client != null) {
            for (var consumer : client.consumers()) {
                lag.computeIfAbsent(consumer.group(), unused -> new TreeMap<>()).putAll(consumer.lag());
            }
        }
        return lag;
    }

    @Override
    public void opened(Kafka opened) {
        kafka.set(opened);
    }

    @Override
    public Sending sending(Outgoing<?, ?> message) {
        long begun = time.nanoTime();
        return new Sending() {
            @Override
            public void acknowledged(Ack ack) {
                sent.done(1, time.nanoTime() - begun);
            }

            @Override
            public void failed(Throwable why) {
                sent.failed(1);
            }
        };
    }

    @Override
    public Handling handling(String group, List<? extends Message<?, ?>> messages) {
        var meter = handled.computeIfAbsent(group, unused -> new Meter());
        long begun = time.nanoTime();
        return new Handling() {
            @Override
            public void done() {
                meter.done(messages.size(), time.nanoTime() - begun);
            }

            @Override
            public void failed(Throwable why) {
                meter.failed(messages.size());
            }
        };
    }

    private static final class Meter {
        private final LongAdder done = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final LongAdder nanos = new LongAdder();
        private final LongAccumulator longest = new LongAccumulator(Long::max, 0);

        void done(int messages, long took) {
            done.add(messages);
            nanos.add(messages * took);
            longest.accumulate(took);
        }

        void failed(int messages) {
            failed.add(messages);
        }

        Work read() {
            return new Work(done.sum(), failed.sum(), Duration.ofNanos(nanos.sum()), Duration.ofNanos(longest.get()));
        }
    }
}
