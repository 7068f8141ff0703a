package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The kafka-clients producers behind one {@link io.strandline.Producer} and its views: one for each kind in use. */
final class ProducerPool implements Discovery.Client, AutoCloseable {
    /** What kafka-clients decides per producer and we per view. */
    record Kind(Acks acks, Compression compression) {}

    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);

    private static final String BLOCK_MAX = "max.block.ms";

    /** Of kafka-clients. */
    private static final Duration BLOCK_MAX_DEFAULT = Duration.ofSeconds(60);

    /** Guarded by the lock. */
    private Map<String, Object> config;

    private final Map<String, Object> overrides;
    private final Function<Map<String, Object>, Producer<byte[], byte[]>> factory;
    private final Duration blockMax;

    /** Guards every change of config, open and closed; held while a producer is made, which does no network I/O. */
    private final ReentrantLock lock = new ReentrantLock();

    /** Replaced as a whole, so that whoever sends waits for nobody. */
    private volatile Map<Kind, Producer<byte[], byte[]>> open = Map.of();

    private final OnTheirWay onTheirWay = new OnTheirWay();
    private final List<Runnable> onClose = new CopyOnWriteArrayList<>();
    private volatile boolean closed;
    private volatile Optional<String> trouble = Optional.empty();

    /** @param overrides the user's own settings, which win over those of the kind */
    ProducerPool(
            Map<String, Object> config,
            Map<String, Object> overrides,
            Function<Map<String, Object>, Producer<byte[], byte[]>> factory) {
        this.config = config;
        this.overrides = overrides;
        this.factory = factory;
        blockMax = Duration.ofMillis(Long.parseLong(String.valueOf(
                overrides.getOrDefault(BLOCK_MAX, config.getOrDefault(BLOCK_MAX, BLOCK_MAX_DEFAULT.toMillis())))));
    }

    /** Settings that all our producers share. */
    static Map<String, Object> defaults() {
        var config = new HashMap<String, Object>();
        // With the 5 ms of kafka-clients a thread that waits for each message sends fewer than 200 a second.
        // Under load batches fill anyway, while those before them are on their way.
        config.put("linger.ms", 0);
        // With more, what is sent behind a partition's first batch can be stored before it where that one is refused:
        // kafka-clients then sends it in vain until its delivery times out, or behind what overtook it. Batches larger
        // than the 16 KiB of kafka-clients make up for one at a time.
        config.put("max.in.flight.requests.per.connection", 1);
        config.put("batch.size", 128 * 1024);
        // The broker decides what is too large. A dead letter is larger than its message by its headers.
        config.put("max.request.size", 16 * 1024 * 1024);
        return config;
    }

    static Producer<byte[], byte[]> connect(Map<String, Object> config) {
        try {
            return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        } catch (KafkaException e) {
            throw Advice.notMade("A producer", e);
        }
    }

    Producer<byte[], byte[]> get(Kind kind) {
        var there = open.get(kind);
        return there == null || closed ? make(kind) : there;
    }

    private Producer<byte[], byte[]> make(Kind kind) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("This producer is closed");
            }
            var more = new HashMap<>(open);
            var made = more.computeIfAbsent(kind, absent -> factory.apply(config(absent)));
            open = Map.copyOf(more);
            return made;
        } finally {
            lock.unlock();
        }
    }

    private Map<String, Object> config(Kind kind) {
        var all = new HashMap<>(config);
        all.put("acks", kind.acks().kafkaName());
        all.put("compression.type", kind.compression().kafkaName());
        if (kind.acks() == Acks.ALL) {
            all.put("enable.idempotence", true);
        } else {
            all.put("enable.idempotence", false);
            // Without sequence numbers a retry behind a later batch would change the order.
            all.put("max.in.flight.requests.per.connection", 1);
        }
        all.putAll(overrides);
        return all;
    }

    /** It can do nothing more; the next of its kind is made anew. */
    void drop(Producer<byte[], byte[]> producer) {
        lock.lock();
        try {
            var rest = new HashMap<>(open);
            rest.values().remove(producer);
            open = Map.copyOf(rest);
        } finally {
            lock.unlock();
        }
        producer.close(Duration.ZERO);
    }

    /** How often messages of this topic were sent again by the producers that are open, since they were made. */
    long sentAgain(String topic) {
        return all().stream()
                .flatMap(producer -> producer.metrics().entrySet().stream())
                .filter(metric -> metric.getKey().name().equals("record-retry-total")
                        && topic.equals(metric.getKey().tags().get("topic")))
                .mapToLong(metric -> metric.getValue().metricValue() instanceof Number times ? times.longValue() : 0)
                .sum();
    }

    /** What all of them have in hand together. */
    OnTheirWay onTheirWay() {
        return onTheirWay;
    }

    /** How long a sender may be kept waiting, by kafka-clients and by us. */
    Duration blockMax() {
        return blockMax;
    }

    List<Producer<byte[], byte[]>> all() {
        return List.copyOf(open.values());
    }

    boolean closed() {
        return closed;
    }

    /**
     * What is sent from now on goes by these addresses. What is on its way by others fails as unknown: it is for when
     * none of them answers.
     */
    @Override
    public void moveTo(String bootstrap) {
        List<Producer<byte[], byte[]>> left;
        lock.lock();
        try {
            var moved = new HashMap<>(config);
            moved.put("bootstrap.servers", bootstrap);
            config = moved;
            left = all();
            open = Map.of();
        } finally {
            lock.unlock();
        }
        left.forEach(producer -> producer.close(Duration.ZERO));
    }

    @Override
    public String bootstrap() {
        lock.lock();
        try {
            return String.valueOf(config.get("bootstrap.servers"));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<Object, Discovery.Counters> counters() {
        var counters = new IdentityHashMap<Object, Discovery.Counters>();
        all().forEach(producer ->
                counters.put(producer, new Discovery.Counters("producer-metrics", producer.metrics())));
        return counters;
    }

    @Override
    public void unreachable(Optional<String> why) {
        trouble = why;
    }

    /** Why no broker answers; empty while one does, and before anything was sent. */
    Optional<String> trouble() {
        return trouble;
    }

    /** Runs when all that was sent is acknowledged or has failed. */
    void onClose(Runnable last) {
        onClose.add(last);
    }

    void flush() {
        all().forEach(Producer::flush);
    }

    /** Waits for what is on its way; what is still not acknowledged then fails, and its sender is told. */
    @Override
    public void close() {
        close(CLOSE_WAIT_MAX);
    }

    void close(Duration atMost) {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        all().forEach(producer -> producer.close(atMost));
        onClose.forEach(Runnable::run);
    }
}
