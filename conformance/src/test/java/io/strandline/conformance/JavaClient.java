package io.strandline.conformance;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The Java client of Apache Kafka, set for tests: strings, short back-offs, and waiting for facts. */
final class JavaClient {
    static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final Target target;

    JavaClient(Target target) {
        this.target = target;
    }

    /** A name that no other test uses. */
    static String name(String what) {
        return what + "-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
    }

    Producer<String, String> producer(String... settings) {
        return new KafkaProducer<>(
                settings(Map.of("linger.ms", "0"), settings), new StringSerializer(), new StringSerializer());
    }

    /** A consumer that begins at the earliest message and commits only when told to, unless set otherwise. */
    Consumer<String, String> consumer(String... settings) {
        var defaults = Map.of(
                "auto.offset.reset", "earliest",
                "enable.auto.commit", "false",
                "group.protocol", "classic",
                "heartbeat.interval.ms", "300",
                "fetch.max.wait.ms", "200",
                "allow.auto.create.topics", "false");
        return new KafkaConsumer<>(settings(defaults, settings), new StringDeserializer(), new StringDeserializer());
    }

    Consumer<String, String> member(String group, String... settings) {
        var all = new ArrayList<>(List.of(settings));
        all.add("group.id=" + group);
        return consumer(all.toArray(String[]::new));
    }

    Admin admin() {
        return Admin.create(settings(Map.of()));
    }

    /**
     * A new topic whose partitions are all led.
     *
     * <p>Apache Kafka answers the creation before every partition accepts messages. Seen here: the first batch of an
     * idempotent producer is then refused (not leader), the four behind it are taken, and the first is out of order
     * for ever after. So ask each partition once before anyone writes.
     */
    String topic(int partitions, String... configs) {
        var topic = name("topic");
        try (var admin = admin()) {
            get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(pairs(configs))))
                    .all());
            var latest = IntStream.range(0, partitions)
                    .boxed()
                    .collect(Collectors.toMap(
                            partition -> new TopicPartition(topic, partition), partition -> OffsetSpec.latest()));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!isLed(admin, latest)) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(topic + " has no leaders within " + PATIENCE);
                }
            }
        }
        return topic;
    }

    /** Until a deleted topic is not listed: Apache Kafka answers the deletion before each of its brokers knows of it. */
    void awaitGone(String topic) {
        try (var admin = admin()) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (get(admin.listTopics().names()).contains(topic)) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(topic + " is listed " + PATIENCE + " after its deletion");
                }
            }
        }
    }

    private static boolean isLed(Admin admin, Map<TopicPartition, OffsetSpec> latest) {
        try {
            get(admin.listOffsets(latest).all());
            return true;
        } catch (RetriableException e) {
            return false; // Not yet known everywhere.
        }
    }

    /** Sends {@code values} without keys to partition 0, acknowledged by all. */
    void send(String topic, String... values) {
        try (var producer = producer()) {
            for (var value : values) {
                send(producer, new ProducerRecord<>(topic, 0, null, value));
            }
        }
    }

    static RecordMetadata send(Producer<String, String> producer, ProducerRecord<String, String> message) {
        return get(producer.send(message));
    }

    /** Everything in the topic from the first message, until {@code count} have come. */
    List<ConsumerRecord<String, String>> read(String topic, int count) {
        try (var consumer = consumer()) {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            return poll(consumer, count);
        }
    }

    /** Polls until at least {@code count} messages have come. */
    static List<ConsumerRecord<String, String>> poll(Consumer<String, String> consumer, int count) {
        var messages = new ArrayList<ConsumerRecord<String, String>>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (messages.size() < count) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("only " + messages.size() + " of " + count + " messages came: " + messages);
            }
            consumer.poll(Duration.ofMillis(100)).forEach(messages::add);
        }
        return messages;
    }

    /** Polls all of them in turn until the fact is there. */
    static void pollUntil(Fact fact, Collection<Consumer<String, String>> consumers) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!fact.holds()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("it did not come true within " + PATIENCE + "; assignments: "
                        + consumers.stream().map(Consumer::assignment).toList());
            }
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(50)));
        }
    }

    interface Fact {
        boolean holds();
    }

    static <T> T get(java.util.concurrent.Future<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (TimeoutException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static <T> T get(KafkaFuture<T> future) {
        return get((java.util.concurrent.Future<T>) future.toCompletionStage().toCompletableFuture());
    }

    static List<String> values(List<ConsumerRecord<String, String>> messages) {
        return messages.stream().map(ConsumerRecord::value).toList();
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Map<String, Object> settings(Map<String, String> defaults, String... settings) {
        var all = new HashMap<String, Object>();
        all.put("bootstrap.servers", target.bootstrap());
        all.put("reconnect.backoff.max.ms", "200");
        all.putAll(defaults);
        all.putAll(pairs(settings));
        return all;
    }

    private static Map<String, String> pairs(String... settings) {
        var pairs = new HashMap<String, String>();
        for (var setting : settings) {
            int at = setting.indexOf('=');
            pairs.put(setting.substring(0, at), setting.substring(at + 1));
        }
        return pairs;
    }
}
