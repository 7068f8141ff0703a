package io.strandline.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.operators.multi.processors.UnicastProcessor;
import io.smallrye.reactive.messaging.kafka.IncomingKafkaRecord;
import io.smallrye.reactive.messaging.kafka.KafkaConnectorIncomingConfiguration;
import io.smallrye.reactive.messaging.kafka.fault.KafkaDeadLetterQueue;
import io.smallrye.reactive.messaging.kafka.fault.KafkaDelayedRetryTopic;
import io.smallrye.reactive.messaging.kafka.fault.KafkaFailureHandler;
import io.strandline.DeadLetters;
import io.strandline.Kafka;
import io.strandline.Partition;
import io.strandline.Topic;
import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.runtime.ConnectMetrics;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter;
import org.apache.kafka.connect.runtime.errors.ErrorHandlingMetrics;
import org.apache.kafka.connect.runtime.errors.ProcessingContext;
import org.apache.kafka.connect.runtime.errors.Stage;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.test.TestRecord;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer.HeaderNames;
import org.springframework.kafka.listener.ListenerExecutionFailedException;
import org.springframework.kafka.retrytopic.DeadLetterPublishingRecovererFactory;
import org.springframework.kafka.retrytopic.DefaultDestinationTopicResolver;
import org.springframework.kafka.retrytopic.DestinationTopic;
import org.springframework.kafka.retrytopic.DestinationTopicPropertiesFactory;
import org.springframework.kafka.retrytopic.DltStrategy;
import org.springframework.kafka.retrytopic.SameIntervalTopicReuseStrategy;
import org.springframework.kafka.retrytopic.TopicSuffixingStrategy;
import org.springframework.kafka.support.ExceptionMatcher;

/**
 * Dead letters that other frameworks write, by their own code: the client shows where each came from and why, and sends
 * it home as it was.
 */
@Timeout(60)
class ForeignDeadLettersTest {
    private static final byte[] KEY = {0, -1};
    private static final byte[] VALUE = {1, 0, -128, 'x'};
    private static final Instant SENT = Instant.ofEpochMilli(System.currentTimeMillis() - 3_600_000);

    /** Where most of the tests have their message: nothing that a reader would assume for want of a header. */
    private static final int PARTITION = 2;

    private static final long OFFSET = 3;

    private static Broker broker;
    private static Kafka kafka;
    private static KafkaProducer<byte[], byte[]> producer;

    private String orders;
    private String letters;

    @BeforeAll
    static void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = Kafka.connect(broker.bootstrapServers());
        producer = new KafkaProducer<>(connection(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @AfterAll
    static void stop() throws Exception {
        producer.close();
        kafka.close();
        broker.close();
    }

    @BeforeEach
    void topics(TestInfo test) {
        orders = test.getTestMethod().orElseThrow().getName();
        letters = orders + "-letters";
        kafka.admin()
                .ensure(Topic.bytes(orders).partitions(3), Topic.bytes(letters).partitions(3));
    }

    private static Map<String, Object> connection() {
        return Map.of("bootstrap.servers", broker.bootstrapServers());
    }

    private static final class UnknownCustomer extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnknownCustomer() {
            super("no such customer");
        }
    }

    // Spring

    @Test
    void ofSpring() throws Exception {
        var message = message(PARTITION);
        recoverWithSpring(message, recoverer -> {});
        var letter = letter();
        assertOrigin(letter, "Spring", PARTITION);
        assertThat(letter.timestamp()).contains(SENT);
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.exception()).as("what the listener threw").isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).contains("no such customer");
        assertThat(letter.stackTrace()).contains("ListenerExecutionFailedException");
        assertGoesHome(message);
    }

    /** With {@code deliveryAttemptHeader} and {@code listenerInfo} the container adds to the record, before it fails. */
    @Test
    void ofSpringWhoseContainerAddedHeaders() throws Exception {
        var message = message(PARTITION);
        var delivered = copy(message);
        delivered
                .headers()
                .add("kafka_deliveryAttempt", ByteBuffer.allocate(4).putInt(10).array());
        delivered.headers().add("kafka_listenerInfo", "billing".getBytes(UTF_8));
        recoverWithSpring(delivered, recoverer -> {});
        var letter = letter();
        assertOrigin(letter, "Spring", PARTITION);
        assertThat(letter.attempts()).isEqualTo(10);
        assertGoesHome(message);
    }

    /** What nobody can recognize is sent where the caller says, with all its headers: nothing is guessed away. */
    @Test
    void ofSpringWithNamesOfTheApplication() throws Exception {
        var message = message(PARTITION);
        recoverWithSpring(
                message,
                recoverer -> recoverer.setHeaderNamesSupplier(() -> HeaderNames.Builder.original()
                        .offsetHeader("acme-offset")
                        .timestampHeader("acme-timestamp")
                        .timestampTypeHeader("acme-timestamp-type")
                        .topicHeader("acme-topic")
                        .partitionHeader("acme-partition")
                        .consumerGroupHeader("acme-group")
                        .exception()
                        .keyExceptionFqcn("acme-key-fqcn")
                        .exceptionFqcn("acme-fqcn")
                        .exceptionCauseFqcn("acme-cause-fqcn")
                        .keyExceptionMessage("acme-key-message")
                        .exceptionMessage("acme-message")
                        .keyExceptionStacktrace("acme-key-stack")
                        .exceptionStacktrace("acme-stack")
                        .build()));
        var letter = letter();
        assertThat(letter.dialect()).isEqualTo("unknown");
        assertThat(letter.from()).isEmpty();
        assertThat(kafka.deadLetters(letters)
                        .dryRun()
                        .redrive(l -> true, Integer.MAX_VALUE)
                        .failed())
                .isEqualTo(1);
        assertThat(kafka.deadLetters(letters)
                        .from(orders)
                        .redrive(l -> true, Integer.MAX_VALUE)
                        .moved())
                .isEqualTo(1);
        var home = read(orders, letter.at().number(), 0);
        assertThat(home.key()).isEqualTo(KEY);
        assertThat(home.headers().lastHeader("acme-topic").value()).isEqualTo(orders.getBytes(UTF_8));
    }

    /** {@code @RetryableTopic}: other names than the recoverer's own, and a count of the attempt that would be next. */
    @Test
    void ofSpringsRetryTopics() throws Exception {
        var stations = List.of(orders + "-retry-0", orders + "-retry-1");
        stations.forEach(name -> kafka.admin().ensure(Topic.bytes(name).partitions(3)));
        var message = message(PARTITION);
        var factory = springProducers();
        try {
            var template = new KafkaTemplate<>(factory);
            var resolver = new DefaultDestinationTopicResolver(Clock.systemUTC());
            resolver.addDestinationTopics(
                    "listener",
                    new DestinationTopicPropertiesFactory(
                                    "-retry",
                                    "-letters",
                                    List.of(1L, 1L),
                                    ExceptionMatcher.defaultMatcher(),
                                    3,
                                    template,
                                    DltStrategy.ALWAYS_RETRY_ON_ERROR,
                                    TopicSuffixingStrategy.SUFFIX_WITH_INDEX_VALUE,
                                    SameIntervalTopicReuseStrategy.MULTIPLE_TOPICS,
                                    -1)
                            .createProperties().stream()
                                    .map(station -> new DestinationTopic(orders + station.suffix(), station))
                                    .toList());
            var recoverers = new DeadLetterPublishingRecovererFactory(resolver);
            recoverers.setPartitionResolver((record, next) -> letters.equals(next) ? 0 : 1);
            var recoverer = recoverers.create("listener");
            recoverer.accept(message, failed(new IllegalStateException("first")));
            recoverer.accept(read(stations.get(0), 1, 0), failed(new IllegalStateException("second")));
            recoverer.accept(read(stations.get(1), 1, 0), failed(new UnknownCustomer()));
        } finally {
            factory.destroy();
        }
        var letter = letter();
        assertOrigin(letter, "Spring", PARTITION);
        assertThat(letter.timestamp()).contains(SENT);
        assertThat(letter.attempts()).isEqualTo(3);
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.exception()).as("of the last attempt").isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).contains("no such customer");
        assertGoesHome(message);
    }

    private void recoverWithSpring(
            ConsumerRecord<byte[], byte[]> message, Consumer<DeadLetterPublishingRecoverer> settings) {
        var factory = springProducers();
        try {
            var recoverer = new DeadLetterPublishingRecoverer(
                    new KafkaTemplate<>(factory), (record, error) -> new TopicPartition(letters, 0));
            settings.accept(recoverer);
            recoverer.accept(message, failed(new UnknownCustomer()));
        } finally {
            factory.destroy();
        }
    }

    private static DefaultKafkaProducerFactory<byte[], byte[]> springProducers() {
        return new DefaultKafkaProducerFactory<>(connection(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static ListenerExecutionFailedException failed(Exception thrown) {
        return new ListenerExecutionFailedException("Listener failed", "billing", thrown);
    }

    // Kafka Streams

    @Test
    void ofKafkaStreamsWhereAProcessorFailed() throws Exception {
        var message = message(0);
        runStreams(
                consumesOrders(any -> {
                    throw new UnknownCustomer();
                }),
                message);
        var letter = letter();
        assertOrigin(letter, "Kafka Streams", 0);
        assertThat(letter.timestamp()).contains(SENT);
        assertThat(letter.exception()).isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).isEqualTo("no such customer");
        assertThat(letter.stackTrace()).contains("UnknownCustomer");
        assertGoesHome(message);
    }

    @Test
    void ofKafkaStreamsWhereTheBytesWereUnreadable() throws Exception {
        var message = message(0);
        var builder = new StreamsBuilder();
        builder.stream(orders, Consumed.with(Serdes.ByteArray(), Serdes.Long())).foreach((key, value) -> {});
        runStreams(builder.build(), message);
        var letter = letter();
        assertOrigin(letter, "Kafka Streams", 0);
        assertThat(letter.exception()).contains("SerializationException");
        assertGoesHome(message);
    }

    /** A timer's letter has no message: the header of the topic is there and null. It stays, and disturbs no other. */
    @Test
    void ofKafkaStreamsWhereATimerFailed() throws Exception {
        var topology = new Topology();
        topology.addSource("source", new ByteArrayDeserializer(), new ByteArrayDeserializer(), orders);
        topology.addProcessor("timer", FailingTimer::new, "source");
        runStreams(topology, message(0));
        var letter = letter();
        assertThat(letter.dialect()).isEqualTo("Kafka Streams");
        assertThat(letter.from()).isEmpty();
        assertThat(letter.fromOffset()).isEmpty();
        assertThat(letter.key()).isNull();
        assertThat(letter.exception()).isEqualTo(UnknownCustomer.class.getName());
        var report = kafka.deadLetters(letters).redrive(l -> true, Integer.MAX_VALUE);
        assertThat(report.failed()).isEqualTo(1);
    }

    private static final class FailingTimer implements Processor<byte[], byte[], Void, Void> {
        @Override
        public void init(ProcessorContext<Void, Void> context) {
            context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, now -> {
                throw new UnknownCustomer();
            });
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            // only the timer matters
        }
    }

    private Topology consumesOrders(Consumer<byte[]> handler) {
        var builder = new StreamsBuilder();
        builder.stream(orders, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .foreach((key, value) -> {
                    if (Arrays.equals(value, VALUE)) {
                        handler.accept(value);
                    }
                });
        return builder.build();
    }

    private void runStreams(Topology topology, ConsumerRecord<byte[], byte[]> message) throws Exception {
        var settings = new Properties();
        settings.put("application.id", orders);
        settings.put("bootstrap.servers", "127.0.0.1:9"); // never called
        settings.put(
                "state.dir",
                Path.of(System.getProperty("java.io.tmpdir"), "streams").toString());
        settings.put("errors.dead.letter.queue.topic.name", letters);
        settings.put("deserialization.exception.handler", LogAndContinueExceptionHandler.class.getName());
        settings.put("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class.getName());
        try (var driver = new TopologyTestDriver(topology, settings)) {
            var input = driver.createInputTopic(orders, new ByteArraySerializer(), new ByteArraySerializer());
            for (long offset = 0; offset < message.offset(); offset++) {
                input.pipeInput(new byte[0], new byte[8], SENT);
            }
            input.pipeInput(new TestRecord<>(
                    message.key(), message.value(), message.headers(), Instant.ofEpochMilli(message.timestamp())));
            driver.advanceWallClockTime(Duration.ofSeconds(1));
            var written = driver.createOutputTopic(letters, new ByteArrayDeserializer(), new ByteArrayDeserializer())
                    .readRecord();
            write(new ProducerRecord<>(
                    letters, 0, written.timestamp(), written.key(), written.value(), written.headers()));
        }
    }

    // Kafka Connect

    @Test
    void ofKafkaConnect() throws Exception {
        var message = message(PARTITION);
        var task = new ConnectorTaskId("s3-sink", 0);
        var settings = new SinkConnectorConfig(
                null, // plug-ins: there are none
                Map.of(
                        "name", "s3-sink",
                        "connector.class", "any",
                        "topics", orders,
                        "errors.tolerance", "all",
                        "errors.deadletterqueue.topic.name", letters,
                        "errors.deadletterqueue.context.headers.enable", "true"));
        var metrics = new ConnectMetrics("worker", new BareWorker(), Time.SYSTEM, "cluster");
        var toLetters = Map.<String, Object>of(
                "bootstrap.servers", broker.bootstrapServers(),
                "key.serializer", ByteArraySerializer.class.getName(),
                "value.serializer", ByteArraySerializer.class.getName());
        try (var reporter = DeadLetterQueueReporter.createAndSetup(
                connection(), task, settings, toLetters, new ErrorHandlingMetrics(task, metrics))) {
            var failure = new ProcessingContext<>(copy(message));
            failure.currentContext(Stage.VALUE_CONVERTER, ByteArrayDeserializer.class);
            failure.error(new UnknownCustomer());
            reporter.report(failure).get();
        } finally {
            metrics.stop();
        }
        var letter = letter();
        assertOrigin(letter, "Kafka Connect", PARTITION);
        assertThat(letter.timestamp()).contains(SENT);
        assertThat(letter.group()).isEqualTo("s3-sink");
        assertThat(letter.exception()).isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).isEqualTo("no such customer");
        assertThat(letter.stackTrace()).contains("UnknownCustomer");
        assertGoesHome(message);
    }

    /** What the metrics ask of a worker; a whole one has a web server. */
    private static final class BareWorker extends WorkerConfig {
        BareWorker() {
            super(
                    new ConfigDef()
                            .define("metrics.num.samples", ConfigDef.Type.INT, 2, ConfigDef.Importance.LOW, "")
                            .define(
                                    "metrics.sample.window.ms",
                                    ConfigDef.Type.LONG,
                                    30_000,
                                    ConfigDef.Importance.LOW,
                                    "")
                            .define(
                                    "metrics.recording.level",
                                    ConfigDef.Type.STRING,
                                    "INFO",
                                    ConfigDef.Importance.LOW,
                                    "")
                            .define("metric.reporters", ConfigDef.Type.LIST, List.of(), ConfigDef.Importance.LOW, ""),
                    Map.of());
        }
    }

    // SmallRye

    @Test
    void ofSmallRye() throws Exception {
        var message = message(PARTITION);
        var sent = UnicastProcessor.<Message<?>>create();
        nack(copy(message), new KafkaDeadLetterQueue("orders", letters, null, sent), sent);
        var letter = letter();
        assertOrigin(letter, "SmallRye", PARTITION);
        assertThat(letter.timestamp()).as("it does not say").isEmpty();
        assertThat(letter.exception()).isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).isEqualTo("no such customer");
        assertGoesHome(message);
    }

    @Test
    void ofSmallRyesDelayedRetries() throws Exception {
        var retries = orders + "_retry_10";
        kafka.admin().ensure(Topic.bytes(retries).partitions(3));
        var message = message(PARTITION);
        nackForRetry(copy(message), retries, new IllegalStateException("first"));
        var second = read(retries, PARTITION, 0);
        second.headers().remove(KafkaDelayedRetryTopic.DELAYED_RETRY_COUNT); // as its retry stream does it
        second.headers().add(KafkaDelayedRetryTopic.DELAYED_RETRY_COUNT, "1".getBytes(UTF_8));
        nackForRetry(second, retries, new UnknownCustomer());
        var letter = letter();
        assertOrigin(letter, "SmallRye", PARTITION);
        assertThat(letter.timestamp()).contains(SENT);
        assertThat(letter.firstFailed()).isPresent();
        assertThat(letter.attempts()).isEqualTo(2);
        assertThat(letter.exception()).as("of the last attempt").isEqualTo(UnknownCustomer.class.getName());
        assertThat(letter.message()).isEqualTo("no such customer");
        assertGoesHome(message);
    }

    private void nackForRetry(ConsumerRecord<byte[], byte[]> record, String retries, Exception thrown)
            throws Exception {
        var sent = UnicastProcessor.<Message<?>>create();
        var handler = new KafkaDelayedRetryTopic(
                "orders",
                null,
                new KafkaConnectorIncomingConfiguration(channel()),
                List.of(retries),
                1,
                60_000,
                letters,
                sent,
                null,
                null);
        nack(record, handler, sent, thrown);
    }

    /** A channel that sets nothing but what it must. */
    private static Config channel() {
        var values = Map.of("channel-name", "orders", "value.deserializer", ByteArrayDeserializer.class.getName());
        return (Config) Proxy.newProxyInstance(
                Config.class.getClassLoader(),
                new Class<?>[] {Config.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getOptionalValue" -> Optional.ofNullable(values.get((String) arguments[0]));
                    case "getValue" -> values.get((String) arguments[0]);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private static void nack(
            ConsumerRecord<byte[], byte[]> record, KafkaFailureHandler handler, UnicastProcessor<Message<?>> sent)
            throws Exception {
        nack(record, handler, sent, new UnknownCustomer());
    }

    /** SmallRye decides what to write; its sink, which this takes the place of, adds nothing. */
    private static void nack(
            ConsumerRecord<byte[], byte[]> record,
            KafkaFailureHandler handler,
            UnicastProcessor<Message<?>> sent,
            Exception thrown)
            throws Exception {
        var written = new AtomicReference<ProducerRecord<byte[], byte[]>>();
        sent.subscribe().with(message -> written.set(record(message.getPayload())));
        var incoming = new IncomingKafkaRecord<>(record, "orders", 0, null, handler, false);
        var unused = handler.handle(incoming, thrown, Metadata.empty());
        assertThat(unused).isNotNull();
        write(written.get());
    }

    @SuppressWarnings("unchecked") // the types of the record that was refused
    private static ProducerRecord<byte[], byte[]> record(Object payload) {
        return (ProducerRecord<byte[], byte[]>) payload;
    }

    // What they have in common

    /** The message that will fail, as a consumer receives it. */
    private ConsumerRecord<byte[], byte[]> message(int partition) throws Exception {
        for (long offset = 0; offset < OFFSET; offset++) {
            write(new ProducerRecord<>(orders, partition, SENT.toEpochMilli(), null, new byte[8]));
        }
        var headers = new RecordHeaders();
        headers.add("trace", new byte[] {-128, 0, 1}).add("trace", null).add("last", "of the message".getBytes(UTF_8));
        write(new ProducerRecord<>(orders, partition, SENT.toEpochMilli(), KEY, VALUE, headers));
        return read(orders, partition, OFFSET);
    }

    private static void write(ProducerRecord<byte[], byte[]> record) throws Exception {
        producer.send(record).get();
    }

    private static ConsumerRecord<byte[], byte[]> read(String topic, int partition, long offset) {
        try (var consumer =
                new KafkaConsumer<>(connection(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var from = new TopicPartition(topic, partition);
            consumer.assign(List.of(from));
            consumer.seek(from, offset);
            var found = consumer.poll(Duration.ofSeconds(20)).records(from);
            assertThat(found).as("%s from offset %d on", from, offset).isNotEmpty();
            return found.getFirst();
        }
    }

    /** Some writers add to the headers of the record that they are given. */
    private static ConsumerRecord<byte[], byte[]> copy(ConsumerRecord<byte[], byte[]> record) {
        return new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                record.key(),
                record.value(),
                new RecordHeaders(record.headers()),
                Optional.empty());
    }

    private DeadLetters.Letter letter() {
        try (var all = kafka.deadLetters(letters).browse()) {
            var found = all.toList();
            assertThat(found).hasSize(1);
            return found.getFirst();
        }
    }

    private void assertOrigin(DeadLetters.Letter letter, String dialect, int partition) {
        assertThat(letter.dialect()).isEqualTo(dialect);
        assertThat(letter.from()).contains(Partition.of(orders, partition));
        assertThat(letter.fromOffset()).isEqualTo(OptionalLong.of(OFFSET));
    }

    private void assertGoesHome(ConsumerRecord<byte[], byte[]> message) {
        var report = kafka.deadLetters(letters).redrive(letter -> true, Integer.MAX_VALUE);
        assertThat(report.moved()).as("%s", report).isEqualTo(1);
        var home = read(orders, message.partition(), OFFSET + 1);
        assertThat(home.key()).isEqualTo(KEY);
        assertThat(home.value()).isEqualTo(VALUE);
        assertThat(withoutOurs(home)).containsExactlyElementsOf(withoutOurs(read(orders, message.partition(), OFFSET)));
    }

    /** Of what comes home, the client's own words on its way there. */
    private static List<Header> withoutOurs(ConsumerRecord<byte[], byte[]> record) {
        var others = new ArrayList<Header>();
        record.headers().forEach(others::add);
        others.removeIf(header -> header.key().startsWith("strandline."));
        return others;
    }
}
