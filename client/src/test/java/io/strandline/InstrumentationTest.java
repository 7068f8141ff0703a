package io.strandline;

import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InstrumentationTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");

    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private Broker broker;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    private Kafka connect(Instrumentation... instruments) {
        var builder = Kafka.builder().bootstrap(broker.bootstrapServers());
        for (var one : instruments) {
            builder.instrument(one);
        }
        return builder.build();
    }

    private String next() throws InterruptedException {
        return String.valueOf(seen.poll(20, TimeUnit.SECONDS));
    }

    /** Notes what it sees, and adds a header to what is sent. */
    private final class Notes implements Instrumentation {
        private final String name;

        Notes(String name) {
            this.name = name;
        }

        @Override
        public void opened(Kafka kafka) {
            seen.add(name + " opened with " + kafka.consumers().size() + " consumers");
        }

        @Override
        public void closed() {
            seen.add(name + " closed");
        }

        @Override
        public Sending sending(Outgoing<?, ?> message) {
            return new Sending() {
                @Override
                public Headers headers(Headers given) {
                    return given.with("seen-by", name);
                }

                @Override
                public void acknowledged(Ack ack) {
                    seen.add(name + " acknowledged " + message.key());
                }

                @Override
                public void failed(Throwable why) {
                    seen.add(name + " failed " + message.key());
                }
            };
        }

        @Override
        public Handling handling(String group, List<? extends Message<?, ?>> messages) {
            seen.add(name + " begins " + group + " " + messages.getFirst().key());
            return new Handling() {
                @Override
                public void done() {
                    seen.add(name + " done");
                }

                @Override
                public void failed(Throwable why) {
                    seen.add(name + " failed " + why.getMessage());
                }
            };
        }
    }

    @Test
    void everySendAndEveryHandlerIsSeenByAllInNestedOrder() throws Exception {
        var headers = new CompletableFuture<Headers>();
        var attempts = new CopyOnWriteArrayList<Integer>();
        try (var kafka = connect(new Notes("a"), new Notes("b"))) {
            assertThat(List.of(next(), next()))
                    .containsExactly("a opened with 0 consumers", "b opened with 0 consumers");
            kafka.producer().send(Outgoing.to(ORDERS, "k", "v").header("mine", "1"));
            assertThat(List.of(next(), next())).containsExactly("a acknowledged k", "b acknowledged k");
            var consumer = kafka.consumer("billing")
                    .retry(Retry.fixed(ofMillis(1)).forever())
                    .eachMessage(ORDERS, m -> {
                        attempts.add(m.attempt());
                        if (m.attempt() == 1) {
                            throw new IllegalStateException("not yet");
                        }
                        headers.complete(m.headers());
                    })
                    .start();
            assertThat(List.of(next(), next(), next(), next()))
                    .containsExactly(
                            "a begins billing k", "b begins billing k", "b failed not yet", "a failed not yet");
            assertThat(List.of(next(), next(), next(), next()))
                    .containsExactly("a begins billing k", "b begins billing k", "b done", "a done");
            assertThat(kafka.consumers()).containsExactly(consumer);
            assertThat(headers.get().all("mine")).containsExactly("1");
            assertThat(headers.get().all("seen-by")).containsExactly("a", "b");
        }
        assertThat(List.of(next(), next())).containsExactly("a closed", "b closed");
    }

    @Test
    void aMessageThatCannotBeSentIsSeenToFail() throws Exception {
        try (var kafka = connect(new Notes("a"))) {
            next();
            assertThatThrownBy(() -> kafka.producer().send(ORDERS, "k", "x".repeat(2_000_000)))
                    .isInstanceOf(SendFailed.class);
            assertThat(next()).isEqualTo("a failed k");
        }
    }

    @Test
    void aDeadLetterHasTheHeadersOfItsSourceAndNoneOfTheInstruments() throws Exception {
        var letter = new CompletableFuture<Headers>();
        try (var plain = connect();
                var kafka = connect(new Notes("a"))) {
            plain.producer().send(Outgoing.to(ORDERS, "k", "v").header("seen-by", "the sender"));
            var given = kafka.consumer("billing")
                    .retry(Retry.none())
                    .deadLetter(DeadLetter.suffix(".dlq"))
                    .eachMessage(ORDERS, m -> {
                        throw new IllegalStateException("never");
                    })
                    .start();
            kafka.consumer("letters")
                    .eachMessage(Topic.strings("orders.dlq"), m -> letter.complete(m.headers()))
                    .start();
            assertThat(letter.get(20, TimeUnit.SECONDS).all("seen-by")).containsExactly("the sender");
            assertThat(seen).doesNotContain("a acknowledged k");
            assertThat(given.group()).isEqualTo("billing");
        }
    }

    @Test
    void aLetterThatIsSentHomeHasItsOwnHeadersAndNoneOfTheInstruments() throws Exception {
        var home = new CompletableFuture<Headers>();
        try (var plain = connect();
                var kafka = connect(new Notes("a"))) {
            plain.admin().ensure(ORDERS);
            plain.producer()
                    .send(Outgoing.to(ORDERS.named("orders.dlq"), "k", "v")
                            .header("seen-by", "the sender")
                            .header("__dlq.errors.topic", "orders"));
            var report = kafka.deadLetters("orders.dlq").redrive(letter -> true, Integer.MAX_VALUE);
            assertThat(report.moved()).isEqualTo(1);
            plain.consumer("billing")
                    .eachMessage(ORDERS, m -> home.complete(m.headers()))
                    .start();
            assertThat(home.get(20, TimeUnit.SECONDS).all("seen-by")).containsExactly("the sender");
            assertThat(seen).doesNotContain("a acknowledged k");
        }
    }

    @Test
    void anInstrumentThatFailsBreaksNothing() throws Exception {
        var handled = new CompletableFuture<String>();
        var broken = new Instrumentation() {
            @Override
            public void opened(Kafka kafka) {
                throw new IllegalStateException("opened");
            }

            @Override
            public Sending sending(Outgoing<?, ?> message) {
                throw new IllegalStateException("sending");
            }

            @Override
            public Handling handling(String group, List<? extends Message<?, ?>> messages) {
                throw new IllegalStateException("handling");
            }
        };
        try (var kafka = connect(broken, new Notes("b"))) {
            next();
            kafka.producer().send(ORDERS, "k", "v");
            assertThat(next()).isEqualTo("b acknowledged k");
            kafka.consumer("billing")
                    .eachMessage(
                            ORDERS,
                            m -> handled.complete(m.headers().last("seen-by").orElse("")))
                    .start();
            assertThat(handled.get(20, TimeUnit.SECONDS)).isEqualTo("b");
        }
    }

    @Test
    void aClientThatNobodyWatchesPaysNothing() {
        Handler<String, String> handler = (message, context) -> {};
        assertThat(Instruments.NONE.around("billing", handler)).isSameAs(handler);
        assertThat(Instruments.NONE.sending(Outgoing.to(ORDERS, "k", "v")))
                .isSameAs(Instrumentation.Sending.UNOBSERVED);
    }
}
