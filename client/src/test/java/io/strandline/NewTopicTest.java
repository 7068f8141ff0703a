package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster of two nodes that answers the creation of a topic before both of them know of it. */
@Timeout(120)
class NewTopicTest {
    private static final Topic<String, String> NEW =
            Topic.strings("new").partitions(3).config("retention.ms", "12345");
    private static final Set<String> QUESTIONS = Set.of("describeTopics", "describeConfigs");

    private final VirtualTime time = new VirtualTime();

    /** The nodes answer in turn; an odd number is that of the late one. */
    private final AtomicInteger turn = new AtomicInteger();

    private final Map<String, Long> createdAt = new ConcurrentHashMap<>();

    /** What the late node says of what was deleted, where it shows that still. */
    private final Map<String, DescribeTopicsResult> before = new ConcurrentHashMap<>();

    private boolean showsDeleted;

    private final Set<TopicPartition> leadersAsked = ConcurrentHashMap.newKeySet();
    private Duration late = Duration.ofMillis(300);
    private int lateNodes = 1;

    private Broker broker;
    private org.apache.kafka.clients.admin.Admin kafka;
    private BlockingAdmin admin;
    private BlockingAdmin another;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
        admin = client();
        another = client();
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    private BlockingAdmin client() {
        return new BlockingAdmin(bootstrap -> ofTwoNodes(kafka), broker.bootstrapServers(), new NewTopics(time));
    }

    private org.apache.kafka.clients.admin.Admin ofTwoNodes(org.apache.kafka.clients.admin.Admin real) {
        return (org.apache.kafka.clients.admin.Admin) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {org.apache.kafka.clients.admin.Admin.class},
                (proxy, method, arguments) -> {
                    var name = method.getName();
                    if (name.equals("listOffsets")) {
                        ((Map<?, ?>) arguments[0]).keySet().forEach(asked -> leadersAsked.add((TopicPartition) asked));
                    }
                    if (name.equals("createTopics")) {
                        ((Collection<?>) arguments[0])
                                .forEach(topic -> createdAt.putIfAbsent(((NewTopic) topic).name(), time.nanoTime()));
                    }
                    if (name.equals("deleteTopics") && showsDeleted) {
                        var topic = (String)
                                ((Collection<?>) arguments[0]).iterator().next();
                        var last = real.describeTopics(List.of(topic));
                        last.allTopicNames().get();
                        before.put(topic, last);
                    }
                    if (name.equals("describeTopics") && turn.get() % 2 >= 2 - lateNodes) {
                        var last = before.get(
                                asked(((Collection<?>) arguments[0]).iterator().next()));
                        if (last != null) {
                            turn.getAndIncrement();
                            return last;
                        }
                    }
                    if (QUESTIONS.contains(name)
                            && turn.getAndIncrement() % 2 >= 2 - lateNodes
                            && isNew(asked(
                                    ((Collection<?>) arguments[0]).iterator().next()))) {
                        return name.equals("describeTopics")
                                ? real.describeTopics(List.of("nowhere"))
                                : real.describeConfigs(
                                        List.of(new ConfigResource(ConfigResource.Type.TOPIC, "nowhere")));
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static String asked(Object question) {
        return question instanceof ConfigResource resource ? resource.name() : (String) question;
    }

    private boolean isNew(String topic) {
        var created = createdAt.get(topic);
        return created != null && time.nanoTime() - created < late.toNanos();
    }

    @Test
    void aTopicIsFoundFromItsCreationOnWhicheverNodeIsAsked() {
        assertThat(admin.create(NEW)).isTrue();
        for (int question = 0; question < 4; question++) {
            assertThat(admin.shape("new")).hasValue(new BlockingAdmin.Shape(3, 1));
        }
        assertThat(admin.topic("new").orElseThrow().config()).containsEntry("retention.ms", "12345");
        assertThat(admin.config("new")).containsEntry("retention.ms", "12345");
    }

    @Test
    void itsLeadersHaveAnsweredBeforeAnyoneWrites() {
        admin.create(NEW);
        assertThat(leadersAsked).extracting(TopicPartition::partition).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void soIsATopicThatSomeoneElseCreatedAMomentAgo() {
        another.create(NEW);
        assertThat(admin.create(NEW)).isFalse();
        for (int question = 0; question < 4; question++) {
            assertThat(admin.shape("new")).hasValue(new BlockingAdmin.Shape(3, 1));
        }
    }

    @Test
    void ensureBearsThatOneNodeShowsATopicAndTheNextDoesNotKnowIt() {
        another.create(NEW);
        for (int first = 0; first < 2; first++) {
            turn.set(first);
            assertThat(admin.ensure(NEW)).isEmpty();
        }
    }

    @Test
    void theTopicForLettersIsThereWhicheverNodeIsAsked() {
        for (int first = 0; first < 2; first++) {
            var source = "orders" + first;
            var letters = source + ".dlq";
            admin.create(Topic.bytes(source).partitions(3).config("max.message.bytes", "2000"));
            turn.set(first);
            var topics = new SideTopics(admin, "dead-letter", Map.of("retention.ms", "-1"));
            topics.ensureAll(source, List.of(letters));
            assertThat(topics.partition(letters, new ConsumerRecord<>(source, 2, 0, null, null)))
                    .isEqualTo(2);
            assertThat(admin.config(letters)).containsEntry("max.message.bytes", Integer.toString(2000 + 64 * 1024));
        }
    }

    /** Two members of a group start at once. */
    @Test
    void soItIsWhereAnotherMemberMakesItAtTheSameTime() {
        admin.create(Topic.bytes("orders").partitions(3));
        var members = IntStream.range(0, 2)
                .mapToObj(n -> new SideTopics(n == 0 ? admin : another, "dead-letter", Map.of()))
                .toList();
        for (var member : members) {
            member.ensureAll("orders", List.of("orders.dlq"));
            assertThat(member.partition("orders.dlq", new ConsumerRecord<>("orders", 1, 0, null, null)))
                    .isEqualTo(1);
        }
    }

    @Test
    void aTopicThatThisUserMayNotSeeIsWaitedForInBoundedTime() {
        lateNodes = 2;
        late = Duration.ofDays(1);
        assertThat(admin.create(NEW)).isTrue();
        long afterCreation = time.nanoTime();
        assertThat(admin.shape("new")).isEmpty();
        assertThat(time.nanoTime()).as("it is not waited for again").isEqualTo(afterCreation);
        assertThatThrownBy(() -> admin.ensure(NEW))
                .isInstanceOf(UnknownTopicOrPartitionException.class)
                .hasMessageContaining("this user may not see it");
        var topics = new SideTopics(admin, "dead-letter", Map.of());
        assertThatThrownBy(() -> topics.partition("new.dlq", new ConsumerRecord<>("orders", 1, 0, null, null)))
                .isInstanceOf(UnknownTopicOrPartitionException.class)
                .hasMessageContaining("dead-letter topic new.dlq was created, and no node");
    }

    @Test
    void aTopicThatIsDeletedIsGoneAtOnce() {
        admin.create(NEW);
        admin.delete("new");
        long afterDeletion = time.nanoTime();
        assertThat(admin.shape("new")).isEmpty();
        assertThat(time.nanoTime()).isEqualTo(afterDeletion);
        assertThatThrownBy(() -> admin.config("new")).isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void ensureMakesATopicAnewThatALateNodeStillShows() throws Exception {
        showsDeleted = true;
        for (int first = 0; first < 2; first++) {
            admin.create(Topic.strings("anew").partitions(1));
            admin.delete("anew");
            turn.set(first);
            admin.ensure(Topic.strings("anew").partitions(3));
            assertThat(kafka.describeTopics(List.of("anew"))
                            .allTopicNames()
                            .get()
                            .get("anew")
                            .partitions())
                    .hasSize(3);
            admin.delete("anew");
            before.clear();
        }
    }

    @Test
    void ensureFindsWhatSomeoneElseHasMadeAnew() {
        admin.create(NEW);
        admin.delete("new");
        another.create(NEW);
        assertThat(admin.ensure(NEW)).isEmpty();
        assertThat(admin.plan(NEW)).isEmpty();
    }

    @Test
    void afterAWhileItIsBelievedThatATopicIsGone() throws Exception {
        admin.create(NEW);
        kafka.deleteTopics(List.of("new")).all().get();
        time.pass(Duration.ofSeconds(10));
        long before = time.nanoTime();
        assertThat(admin.shape("new")).isEmpty();
        assertThat(time.nanoTime()).isEqualTo(before);
    }
}
