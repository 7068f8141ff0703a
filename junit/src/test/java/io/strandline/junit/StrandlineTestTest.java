package io.strandline.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.strandline.Admin;
import io.strandline.Kafka;
import io.strandline.Producer;
import io.strandline.Topic;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** What a test class gets. */
@Timeout(60)
class StrandlineTestTest {
    record Parcel(String id, int grams) {}

    @Nested
    @StrandlineTest(settings = {"num.partitions=2"})
    class AsUsed {
        private static final Set<String> NAMES = new HashSet<>();
        private static String servers = "";

        @BeforeAll
        static void remember(@BootstrapServers String address) {
            servers = address;
        }

        @Test
        void whatIsSentIsHandled(
                Kafka kafka,
                Producer producer,
                @TestTopic(value = "parcels", partitions = 3) Topic<String, Parcel> parcels)
                throws Exception {
            var handled = new CompletableFuture<Parcel>();
            kafka.consumer("post")
                    .eachMessage(parcels, m -> handled.complete(m.value()))
                    .start();
            producer.send(parcels, "k", new Parcel("p-1", 250));
            assertThat(handled.get(20, TimeUnit.SECONDS)).isEqualTo(new Parcel("p-1", 250));
            assertThat(kafka.admin().topic(parcels.name()).orElseThrow().partitions())
                    .isEqualTo(3);
        }

        @RepeatedTest(2)
        void noTwoTestsShareATopic(@TestTopic Topic<String, String> topic) {
            assertThat(topic.name()).startsWith("AsUsed-");
            assertThat(NAMES.add(topic.name())).isTrue();
        }

        @Test
        void settingsReachTheBroker(Kafka kafka, Admin admin, StrandlineBroker broker) {
            kafka.producer().send(Topic.strings("made-by-sending"), "k", "v");
            assertThat(admin.topic("made-by-sending").orElseThrow().partitions())
                    .isEqualTo(2);
            assertThat(broker.bootstrapServers()).isEqualTo(servers);
        }

        @Nested
        class Inside {
            private Topic<byte[], byte[]> before = Topic.bytes("not-yet");

            @BeforeEach
            void make(@TestTopic("raw") Topic<byte[], byte[]> raw) {
                before = raw;
            }

            @Test
            void aNestedClassSharesTheBrokerAndATestItsTopicsWithItsSetUp(
                    StrandlineBroker broker, @TestTopic("raw") Topic<byte[], byte[]> raw, Producer producer) {
                assertThat(broker.bootstrapServers()).isEqualTo(servers);
                assertThat(raw).isSameAs(before);
                assertThat(producer.send(raw, new byte[] {1}, new byte[] {2}).offset())
                        .isZero();
            }
        }
    }

    @Nested
    @StrandlineTest
    @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
    class AfterATestThatLeftARuin {
        @Test
        @Order(1)
        void leaveARuin(StrandlineBroker broker, Kafka kafka) {
            kafka.producer().send(Topic.strings("kept"), "k", "v");
            broker.faults()
                    .next(io.strandline.protocol.ApiKey.PRODUCE, io.strandline.protocol.ErrorCode.INVALID_REQUEST);
            broker.slowDisk(java.time.Duration.ofHours(1));
            broker.kill();
        }

        @Test
        @Order(2)
        void theBrokerRunsWithoutFaultsAndHasItsData(StrandlineBroker broker, Kafka kafka) {
            assertThat(broker.isRunning()).isTrue();
            assertThat(kafka.producer().send(Topic.strings("kept"), "k", "v").offset())
                    .isEqualTo(1);
        }
    }

    @Test
    void whatCannotBeGivenIsRefusedInASentence() {
        var failures = failures(WrongParameters.class);
        assertThat(failures).anyMatch(text -> text.contains("write Topic<String, Order>"));
        assertThat(failures).anyMatch(text -> text.contains("java.util.List<java.lang.String>"));
        assertThat(failures(WrongSetting.class)).anyMatch(text -> text.contains("num.partitions"));
    }

    private static Set<String> failures(Class<?> test) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(test))
                .configurationParameter("junit.jupiter.conditions.deactivate", "*")
                .build();
        var listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        var messages = new HashSet<String>();
        for (var failure : listener.getSummary().getFailures()) {
            for (Throwable e = failure.getException(); e != null; e = e.getCause()) {
                messages.add(String.valueOf(e.getMessage()));
            }
            Arrays.stream(failure.getException().getSuppressed())
                    .forEach(e -> messages.add(String.valueOf(e.getMessage())));
        }
        return messages;
    }
}

@org.junit.jupiter.api.Disabled("is run by the test above")
@StrandlineTest
class WrongParameters {
    @Test
    @SuppressWarnings("rawtypes")
    void raw(@TestTopic Topic topic) {}

    @Test
    void unknownType(@TestTopic Topic<String, java.util.List<String>> topic) {}
}

@org.junit.jupiter.api.Disabled("is run by the test above")
@StrandlineTest(settings = "num.partition=2")
class WrongSetting {
    @Test
    void neverRuns() {}
}
