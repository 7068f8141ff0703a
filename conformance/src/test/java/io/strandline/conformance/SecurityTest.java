package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.strandline.Consumer;
import io.strandline.ConsumerCrashed;
import io.strandline.Event;
import io.strandline.Health;
import io.strandline.Kafka;
import io.strandline.Position;
import io.strandline.Reason;
import io.strandline.Security;
import io.strandline.SendFailed;
import io.strandline.Topic;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Our client with every way to be protected and to say who it is, on one Apache Kafka that checks rights; and what it says
 * when that is set up wrongly. Who comes without a name, over plaintext or TLS, may do all there; a named user what it was
 * given.
 */
@Timeout(180)
class SecurityTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final String SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;";

    @TempDir
    static Path folder;

    private static Certificates certificates;
    private static ApacheKafka broker;
    private static ApacheKafka.Listener tls;
    private static ApacheKafka.Listener mutual;
    private static ApacheKafka.Listener sasl;
    private static ApacheKafka.Listener open;

    @BeforeAll
    static void start() {
        certificates = Certificates.make(folder);
        var users = Map.of(
                "plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required user_ann=\"ann-secret\""
                        + " user_bob=\"bob-secret\" user_carl=\"carl-secret\";",
                "scram-sha-256.sasl.jaas.config",
                SCRAM,
                "scram-sha-512.sasl.jaas.config",
                SCRAM,
                "oauthbearer.sasl.jaas.config",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                        + " unsecuredLoginStringClaim_sub=\"broker\";");
        tls = ApacheKafka.Listener.of("TLS", "SSL", Map.of());
        mutual = ApacheKafka.Listener.of("MUTUAL", "SSL", Map.of("ssl.client.auth", "required"));
        sasl = ApacheKafka.Listener.of("USERS", "SASL_SSL", users);
        open = ApacheKafka.Listener.of("OPEN", "SASL_PLAINTEXT", users);
        broker = ApacheKafka.startWith(
                List.of(tls, mutual, sasl, open),
                Map.ofEntries(
                        Map.entry("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"),
                        Map.entry("ssl.keystore.type", "PKCS12"),
                        Map.entry(
                                "ssl.keystore.location",
                                certificates.keyStore("broker").toString()),
                        Map.entry("ssl.keystore.password", Certificates.PASSWORD),
                        Map.entry("ssl.key.password", Certificates.PASSWORD),
                        Map.entry("ssl.truststore.type", "PKCS12"),
                        Map.entry(
                                "ssl.truststore.location",
                                certificates.trustIn("client", "PKCS12").toString()),
                        Map.entry("ssl.truststore.password", Certificates.PASSWORD),
                        Map.entry("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
                        Map.entry("super.users", "User:ANONYMOUS;User:CN=client;User:ann;User:dora")),
                List.of(
                        "--add-scram", "SCRAM-SHA-256=[name=ann,password=ann-secret]",
                        "--add-scram", "SCRAM-SHA-512=[name=ann,password=ann-secret]"));
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static char[] password() {
        return Certificates.PASSWORD.toCharArray();
    }

    private static Security.Tls trusting(String type) {
        return Security.tls(certificates.trustIn("broker", type), SecurityTest::password);
    }

    /** A token that a broker believes without a signature; only for tests. */
    private static String token(String user, Instant until) {
        var now = Instant.now().getEpochSecond();
        return Stream.of(
                        "{\"alg\":\"none\"}",
                        "{\"sub\":\"%s\",\"iat\":%d,\"exp\":%d}".formatted(user, now, until.getEpochSecond()))
                .map(json ->
                        Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.joining(".", "", "."));
    }

    private static Kafka connect(String address, Security security) {
        return Kafka.builder().bootstrap(address).security(security).build();
    }

    /** What the parameterized test shows. */
    private record Way(String title, String address, Security security) {
        @Override
        public String toString() {
            return title;
        }
    }

    static Stream<Way> ways() {
        return Stream.of(
                new Way("TLS, trust in PKCS12", tls.address(), trusting("PKCS12")),
                new Way("TLS, trust in JKS", tls.address(), trusting("JKS")),
                new Way("TLS, trust in PEM", tls.address(), trusting("PEM")),
                new Way(
                        "TLS, our certificate in PKCS12",
                        mutual.address(),
                        trusting("PKCS12").keyStore(certificates.keyStore("client"))),
                new Way(
                        "TLS, our certificate in PEM",
                        mutual.address(),
                        trusting("PEM").keyStore(certificates.pemKeyStore("client"))),
                new Way(
                        "PLAIN over TLS",
                        sasl.address(),
                        Security.plain("ann", "ann-secret"::toCharArray).over(trusting("PEM"))),
                new Way(
                        "SCRAM-SHA-256 over TLS",
                        sasl.address(),
                        Security.scram256("ann", "ann-secret"::toCharArray).over(trusting("PEM"))),
                new Way(
                        "SCRAM-SHA-512 over TLS",
                        sasl.address(),
                        Security.scram512("ann", "ann-secret"::toCharArray).over(trusting("PEM"))),
                new Way(
                        "OAUTHBEARER over TLS",
                        sasl.address(),
                        Security.oauth(() -> token("dora", Instant.now().plusSeconds(3600)))
                                .over(trusting("PEM"))),
                new Way(
                        "SCRAM-SHA-512 without TLS",
                        open.address(),
                        Security.scram512("ann", "ann-secret"::toCharArray).withoutTls()));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aMessageGoesThereAndBack(Way way) throws InterruptedException {
        var topic = newTopic();
        try (var kafka = connect(way.address(), way.security()).awaitReady(Duration.ofSeconds(20))) {
            kafka.admin().ensure(topic);
            kafka.producer().send(topic, "k", way.title());
            var handled = new LinkedBlockingQueue<String>();
            try (var consumer = kafka.consumer(JavaClient.name("group"))
                    .eachMessage(topic, message -> handled.add(message.value()))
                    .start()) {
                assertThat(handled.poll(30, TimeUnit.SECONDS)).isEqualTo(way.title());
                assertThat(consumer.health().ready()).isTrue();
            }
        }
    }

    /** Set up wrongly, and what must be said of it. */
    private record Mistake(String title, String address, Security security, List<String> says) {
        @Override
        public String toString() {
            return title;
        }
    }

    static Stream<Mistake> mistakes() {
        return Stream.of(
                new Mistake(
                        "wrong password, SCRAM",
                        sasl.address(),
                        Security.scram512("ann", "wrong"::toCharArray).over(trusting("PEM")),
                        List.of("refused our credentials", "Check user and password")),
                new Mistake(
                        "unknown user, PLAIN",
                        open.address(),
                        Security.plain("zoe", "zoe-secret"::toCharArray).withoutTls(),
                        List.of("refused our credentials", "Check user and password")),
                new Mistake(
                        "a certificate that nobody we trust has signed",
                        tls.address(),
                        Security.tls(certificates.trustIn("client", "PEM"), SecurityTest::password),
                        List.of("signed by nobody we trust", "Security.tls(trustStore, password)")),
                new Mistake(
                        "another host than in the certificate",
                        "127.0.0.1:" + tls.port(),
                        trusting("PEM"),
                        List.of("for another host", "Connect by a name that is in it")),
                new Mistake(
                        "no certificate of ours where one is wanted",
                        mutual.address(),
                        trusting("PEM"),
                        List.of("refused the TLS handshake", "keyStore(path)")),
                new Mistake(
                        "plaintext to a TLS port",
                        tls.address(),
                        Security.plaintext(),
                        List.of("speaks TLS, and we do not", "Security.tls(..)")),
                new Mistake(
                        "TLS to a plaintext port",
                        broker.bootstrap(),
                        trusting("PEM"),
                        List.of("does not seem to speak TLS", "Security.plaintext()")),
                new Mistake(
                        "no user where one is asked for",
                        open.address(),
                        Security.plaintext(),
                        List.of("may ask for a user", "Security.scram512")),
                new Mistake(
                        "a user where none is asked for",
                        broker.bootstrap(),
                        Security.scram512("ann", "ann-secret"::toCharArray).withoutTls(),
                        List.of("does not ask here who we are", "Leave user and password out")),
                new Mistake(
                        "a token of no use",
                        open.address(),
                        Security.oauth(() -> "no-token-at-all").withoutTls(),
                        List.of("refused our credentials", "the token")));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeIsSaidAtOnceByEveryPartOfTheClientWithWhatToDo(Mistake mistake) throws Exception {
        try (var kafka = connect(mistake.address(), mistake.security())) {
            var topic = Topic.strings("nowhere");
            var consumer =
                    kafka.consumer("group").eachMessage(topic, message -> {}).start();
            var sent = Thread.ofVirtual().start(() -> send(kafka, topic));
            await(() -> says(whyNotReady(kafka), mistake), () -> whyNotReady(kafka));
            await(
                    () -> says(consumer.explain().toString(), mistake),
                    () -> consumer.explain().toString());
            await(() -> says(text(consumer.health()), mistake), () -> text(consumer.health()));
            await(
                    () -> says(text(kafka.producer().health()), mistake),
                    () -> text(kafka.producer().health()));
            assertThat(kafka.health().ready()).isFalse();
            if (consumer.state() == Consumer.State.CRASHED) {
                assertThatThrownBy(consumer::await)
                        .isInstanceOf(ConsumerCrashed.class)
                        .satisfies(failure -> assertThat(failure.getMessage()).contains(mistake.says()));
            }
            sent.interrupt(); // it would wait for a minute, as a send does for a broker
            sent.join();
        }
    }

    /** Asked for seconds only, for a close waits for the question; so a slow machine may need a second one. */
    private static String whyNotReady(Kafka kafka) {
        return catchThrowableOfType(IllegalStateException.class, () -> kafka.awaitReady(Duration.ofSeconds(4)))
                .getMessage();
    }

    private static void send(Kafka kafka, Topic<String, String> topic) {
        try {
            kafka.producer().send(topic, "k", "v");
        } catch (SendFailed e) {
            assertThat(e).isNotNull(); // health says why
        }
    }

    private static boolean says(String text, Mistake mistake) {
        return mistake.says().stream().allMatch(text::contains);
    }

    private static String text(Health health) {
        return health.checks().toString();
    }

    @Test
    void aSendWithAWrongPasswordFailsAtOnceAndSaysSo() {
        var wrong = Security.scram512("ann", "wrong"::toCharArray).withoutTls();
        try (var kafka = connect(open.address(), wrong)) {
            assertThatThrownBy(() -> kafka.producer().send(Topic.strings("nowhere"), "k", "v"))
                    .isInstanceOf(SendFailed.class)
                    .hasMessageContaining("refused our credentials");
        }
    }

    @Test
    void aStoreThatIsNotThereIsNamed() {
        try (var kafka = connect(tls.address(), Security.tls(Path.of("no-such.p12"), SecurityTest::password))) {
            assertThatThrownBy(() -> kafka.awaitReady(Duration.ofSeconds(5)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no-such.p12");
            assertThatThrownBy(() -> kafka.consumer("group")
                            .eachMessage(Topic.strings("t"), m -> {})
                            .start())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no-such.p12");
        }
    }

    @Test
    void aTokenThatIsOverIsNotEvenSentAndASupplierThatFailsIsNamed() {
        var over = Security.oauth(() -> token("dora", Instant.parse("2020-01-01T00:00:00Z")));
        try (var kafka = connect(open.address(), over.withoutTls())) {
            assertThatThrownBy(() -> kafka.awaitReady(Duration.ofSeconds(5)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("good until 2020-01-01T00:00:00Z");
        }
        var failing = Security.oauth(() -> {
            throw new IllegalStateException("the identity provider is away");
        });
        try (var kafka = connect(open.address(), failing.withoutTls())) {
            assertThatThrownBy(() -> kafka.admin().topics())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the identity provider is away");
        }
    }

    /** Two clients of one JVM: kafka-clients shares logins where settings are equal. */
    @Test
    void twoSuppliersAreTwoUsers() {
        var until = Instant.now().plusSeconds(3600);
        try (var dora = connect(
                        open.address(),
                        Security.oauth(() -> token("dora", until)).withoutTls());
                var nobody = connect(
                        open.address(),
                        Security.oauth(() -> token("nobody", until)).withoutTls())) {
            assertThat(dora.admin().acls()).isNotNull();
            assertThatThrownBy(() -> nobody.admin().acls()).isInstanceOf(ClusterAuthorizationException.class);
        }
    }

    @Test
    void rightsAreGivenListedAndTaken() {
        try (var boss = connect(broker.bootstrap(), Security.plaintext())) {
            var right = allow("User:somebody", AclOperation.READ, ResourceType.TOPIC, JavaClient.name("topic"));
            var other = allow("User:somebody", AclOperation.WRITE, ResourceType.TOPIC, JavaClient.name("topic"));
            boss.admin().addAcls(right, other);
            await(() -> boss.admin().acls().containsAll(List.of(right, other)), () -> "");
            boss.admin().removeAcls(right);
            await(() -> !boss.admin().acls().contains(right), () -> "");
            assertThat(boss.admin().acls()).contains(other);
            boss.admin().removeAcls(right, other); // one is gone already
            await(() -> !boss.admin().acls().contains(other), () -> "");
        }
    }

    @Test
    void whoMayNotAskForRightsIsToldSo() {
        try (var bob = connect(
                open.address(), Security.plain("bob", "bob-secret"::toCharArray).withoutTls())) {
            assertThatThrownBy(() -> bob.admin().acls())
                    .isInstanceOf(ClusterAuthorizationException.class)
                    .hasMessageContaining("may not")
                    .hasMessageContaining("Give it the right");
        }
    }

    @Test
    void aConsumerWithoutRightsSaysWhichAndGoesOnWhenItHasThem() throws InterruptedException {
        var topic = newTopic();
        var group = JavaClient.name("group");
        var handled = new LinkedBlockingQueue<String>();
        var refusals = new LinkedBlockingQueue<Event.AccessRefused>();
        try (var boss = connect(broker.bootstrap(), Security.plaintext());
                var bob = connect(
                        open.address(),
                        Security.plain("bob", "bob-secret"::toCharArray).withoutTls())) {
            boss.admin().ensure(topic);
            boss.producer().send(topic, "k", "for bob");
            var unused = bob.events().on(Event.AccessRefused.class, refusals::add);
            try (var consumer = bob.consumer(group)
                    .eachMessage(topic, message -> handled.add(message.value()))
                    .start()) {
                awaitSays(consumer, "may not do that with topics [" + topic.name() + "]");
                boss.admin().addAcls(allow("User:bob", AclOperation.READ, ResourceType.TOPIC, topic.name()));
                awaitSays(consumer, "may not be in group " + group);
                assertThat(consumer.explain().consumer()).hasAtLeastOneElementOfType(Reason.NotAuthorized.class);
                assertThat(text(consumer.health())).contains("not authorized", group);
                assertThat(consumer.health().ready()).isFalse();
                assertThat(consumer.health().live()).isTrue();
                assertThat(consumer.state()).isEqualTo(Consumer.State.STARTING);

                boss.admin().addAcls(allow("User:bob", AclOperation.READ, ResourceType.GROUP, group));
                assertThat(handled.poll(30, TimeUnit.SECONDS)).isEqualTo("for bob");
                await(() -> consumer.health().ready(), () -> text(consumer.health()));

                boss.admin().removeAcls(allow("User:bob", AclOperation.READ, ResourceType.TOPIC, topic.name()));
                awaitSays(consumer, "may not do that with topics [" + topic.name() + "]");
                boss.admin().addAcls(allow("User:bob", AclOperation.READ, ResourceType.TOPIC, topic.name()));
                boss.producer().send(topic, "k", "again");
                assertThat(handled.poll(30, TimeUnit.SECONDS)).isEqualTo("again");
            }
        }
        assertThat(refusals.size()).isBetween(2, 4); // told once for each time that it was shut out
    }

    @Test
    void whoMayNotWriteIsRefusedAtOnceAndTheMessageNamesTheTopic() {
        var topic = newTopic();
        try (var boss = connect(broker.bootstrap(), Security.plaintext());
                var carl = connect(
                        open.address(),
                        Security.plain("carl", "carl-secret"::toCharArray).withoutTls())) {
            boss.admin().ensure(topic);
            assertThatThrownBy(() -> carl.producer().send(topic, "k", "v"))
                    .isInstanceOf(SendFailed.class)
                    .hasMessageContaining("may not do that")
                    .hasMessageContaining("WRITE");
            boss.admin()
                    .addAcls(
                            allow("User:carl", AclOperation.READ, ResourceType.TOPIC, topic.name()),
                            allow("User:carl", AclOperation.WRITE, ResourceType.TOPIC, JavaClient.name("another")));
            await(() -> refusedForTheTopic(carl, topic), () -> "");
            assertThatThrownBy(() -> carl.producer().send(topic, "k", "v"))
                    .isInstanceOf(SendFailed.class)
                    .hasMessageContaining("may not do that with topics [" + topic.name() + "]")
                    .satisfies(failure ->
                            assertThat(((SendFailed) failure).unknown()).isFalse());
        }
    }

    private static boolean refusedForTheTopic(Kafka kafka, Topic<String, String> topic) {
        try {
            kafka.producer().send(topic, "k", "v");
            return false;
        } catch (SendFailed e) {
            return e.getMessage().contains("topics");
        }
    }

    /** The rest of the admin, on a broker that checks rights, by a user that was given just these. */
    @Test
    void aUserWithTheRightsOfAnOperatorDoesAnOperatorsWork() {
        var topic = newTopic();
        var group = JavaClient.name("group");
        try (var boss = connect(broker.bootstrap(), Security.plaintext());
                var operator = connect(
                        open.address(),
                        Security.plain("carl", "carl-secret"::toCharArray).withoutTls())) {
            boss.admin()
                    .addAcls(Stream.concat(
                                    Stream.of(
                                                    AclOperation.CREATE,
                                                    AclOperation.ALTER,
                                                    AclOperation.ALTER_CONFIGS,
                                                    AclOperation.DESCRIBE_CONFIGS,
                                                    AclOperation.DELETE,
                                                    AclOperation.READ)
                                            .map(operation ->
                                                    allow("User:carl", operation, ResourceType.TOPIC, topic.name())),
                                    Stream.of(AclOperation.READ, AclOperation.DELETE)
                                            .map(operation -> allow("User:carl", operation, ResourceType.GROUP, group)))
                            .toArray(AclBinding[]::new));
            var admin = operator.admin();
            await(() -> created(operator, topic), () -> "");
            assertThat(admin.topics()).contains(topic.name());
            admin.alterConfig(topic.name(), Map.of("retention.ms", "3600000"), List.of());
            await(() -> "3600000".equals(admin.config(topic.name()).get("retention.ms")), () -> "");
            admin.addPartitions(topic.name(), 2);
            await(() -> admin.topic(topic.name()).orElseThrow().partitions() == 2, () -> "");
            for (int i = 0; i < 5; i++) {
                boss.producer().send(topic, "same", "" + i);
            }
            assertThat(admin.planReset(group, topic.name(), Position.latest())).hasSize(2);
            admin.reset(group, topic.name(), Position.earliest());
            assertThat(admin.lag(group).values()).containsExactlyInAnyOrder(0L, 5L);
            assertThat(admin.group(group)).isPresent();
            admin.deleteGroups(group);
            admin.delete(topic.name());
            await(() -> !admin.topics().contains(topic.name()), () -> "");
            assertThat(admin.cluster().brokers()).containsExactly(open.address());
        }
    }

    private static boolean created(Kafka kafka, Topic<String, String> topic) {
        try {
            kafka.admin().ensure(topic);
            return true;
        } catch (org.apache.kafka.common.errors.AuthorizationException e) {
            return false; // the right is on its way
        }
    }

    private static void awaitSays(Consumer consumer, String text) {
        await(
                () -> consumer.explain().toString().contains(text),
                () -> consumer.explain().toString());
    }

    private static AclBinding allow(String user, AclOperation operation, ResourceType type, String name) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry(user, "*", operation, AclPermissionType.ALLOW));
    }

    private static Topic<String, String> newTopic() {
        return Topic.strings(JavaClient.name("secured")).partitions(1).replication(1);
    }

    private static void await(BooleanSupplier fact, java.util.function.Supplier<String> seen) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as(() -> PATIENCE + " are over; seen: " + seen.get())
                    .isLessThan(deadline);
            java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
        }
    }
}
