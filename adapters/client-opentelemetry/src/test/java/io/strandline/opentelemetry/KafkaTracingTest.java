package io.strandline.opentelemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.strandline.Headers;
import io.strandline.Instrumentation;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Retry;
import io.strandline.SendFailed;
import io.strandline.Topic;
import io.strandline.junit.BootstrapServers;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@StrandlineTest
class KafkaTracingTest {
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetrySdk openTelemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    private Kafka kafka = Kafka.connect("replaced:9092");

    @BeforeEach
    void connect(@BootstrapServers String servers) {
        kafka = Kafka.builder()
                .bootstrap(servers)
                .instrument(new KafkaTracing(openTelemetry))
                .build();
    }

    @AfterEach
    void close() {
        kafka.close();
        openTelemetry.close();
    }

    /** Waits for it: spans of a handler end after the handler. */
    private SpanData span(String name, int number) {
        while (true) {
            var found = exporter.getFinishedSpanItems().stream()
                    .filter(span -> span.getName().equals(name))
                    .toList();
            if (found.size() > number) {
                return found.get(number);
            }
            assertThat(Thread.currentThread().isInterrupted())
                    .as("timed out; there are " + exporter.getFinishedSpanItems())
                    .isFalse();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static Object attribute(SpanData span, String name) {
        return span.getAttributes().asMap().entrySet().stream()
                .filter(entry -> entry.getKey().getKey().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not among " + span.getAttributes()))
                .getValue();
    }

    @Test
    void theHandlersSpanIsAChildOfTheSendersAcrossTheTopic(@TestTopic("orders") Topic<String, String> orders)
            throws Exception {
        var headers = new CompletableFuture<Headers>();
        var inHandler = new CompletableFuture<String>();
        kafka.consumer("billing")
                .eachMessage(orders, m -> {
                    inHandler.complete(Span.current().getSpanContext().getSpanId());
                    headers.complete(m.headers());
                })
                .start();
        var request = openTelemetry.getTracer("test").spanBuilder("request").startSpan();
        var scope = request.makeCurrent();
        try {
            kafka.producer().send(Outgoing.to(orders, "o-1", "paid").header("traceparent", "what an older one said"));
        } finally {
            scope.close();
        }
        request.end();

        var send = span("send " + orders.name(), 0);
        assertThat(send.getKind()).isEqualTo(SpanKind.PRODUCER);
        assertThat(send.getParentSpanId()).isEqualTo(request.getSpanContext().getSpanId());
        assertThat(attribute(send, "messaging.system")).isEqualTo("kafka");
        assertThat(attribute(send, "messaging.operation.name")).isEqualTo("send");
        assertThat(attribute(send, "messaging.destination.name")).isEqualTo(orders.name());
        assertThat(attribute(send, "messaging.destination.partition.id")).isEqualTo("0");
        assertThat(attribute(send, "messaging.kafka.offset")).isEqualTo(0L);
        assertThat(attribute(send, "messaging.kafka.message.key")).isEqualTo("o-1");

        var process = span("process " + orders.name(), 0);
        assertThat(process.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(process.getTraceId()).isEqualTo(send.getTraceId());
        assertThat(process.getParentSpanId()).isEqualTo(send.getSpanId());
        assertThat(process.getParentSpanContext().isRemote()).isTrue();
        assertThat(attribute(process, "messaging.consumer.group.name")).isEqualTo("billing");
        assertThat(inHandler.get()).isEqualTo(process.getSpanId());
        assertThat(headers.get().all("traceparent"))
                .singleElement()
                .asString()
                .startsWith("00-" + send.getTraceId() + "-" + send.getSpanId() + "-");

        var poll = span("poll billing", 0);
        assertThat(poll.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(attribute(poll, "messaging.batch.message_count")).isEqualTo(1L);
        assertThat(attribute(poll, "messaging.operation.type")).isEqualTo("receive");
    }

    @Test
    void eachAttemptHasItsSpanAndAFailedOneSaysWhy(@TestTopic("orders") Topic<String, String> orders) throws Exception {
        var done = new CountDownLatch(1);
        kafka.consumer("billing")
                .retry(Retry.fixed(Duration.ofMillis(1)).forever())
                .eachMessage(orders, m -> {
                    if (m.attempt() == 1) {
                        throw new IllegalStateException("not yet");
                    }
                    done.countDown();
                })
                .start();
        kafka.producer().send(orders, "o-1", "paid");
        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();

        var first = span("process " + orders.name(), 0);
        assertThat(first.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(attribute(first, "error.type")).isEqualTo("java.lang.IllegalStateException");
        assertThat(attribute(first, "strandline.attempt")).isEqualTo(1L);
        assertThat(first.getEvents()).hasSize(1);
        var second = span("process " + orders.name(), 1);
        assertThat(second.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(attribute(second, "strandline.attempt")).isEqualTo(2L);
        assertThat(second.getParentSpanId()).isEqualTo(first.getParentSpanId());
    }

    @Test
    void whatIsSentFromAHandlerContinuesTheTrace(
            @TestTopic("orders") Topic<String, String> orders, @TestTopic("invoices") Topic<String, String> invoices) {
        kafka.consumer("billing")
                .eachMessage(orders, m -> kafka.producer().send(invoices, m.key(), "invoice"))
                .start();
        kafka.producer().send(orders, "o-1", "paid");
        var process = span("process " + orders.name(), 0);
        assertThat(span("send " + invoices.name(), 0).getParentSpanId()).isEqualTo(process.getSpanId());
    }

    @Test
    void aSendThatFailsSaysWhy(@TestTopic("orders") Topic<String, String> orders) {
        assertThatThrownBy(() -> kafka.producer().send(orders, "o-1", "x".repeat(2_000_000)))
                .isInstanceOf(SendFailed.class);
        var send = span("send " + orders.name(), 0);
        assertThat(send.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(attribute(send, "error.type")).asString().contains("RecordTooLarge");
    }

    @Test
    void inABatchEachMessageHasASpanInTheTraceOfItsSender() {
        Instrumentation tracing = new KafkaTracing(openTelemetry);
        var one = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var two = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        var handling = tracing.handling("billing", List.of(message(one, 1), message(two, 2)));
        assertThat(Span.current().getSpanContext().isValid()).isFalse();
        handling.done();
        assertThat(exporter.getFinishedSpanItems())
                .extracting(SpanData::getTraceId)
                .containsExactly("0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(exporter.getFinishedSpanItems())
                .extracting(span -> span.getAttributes().get(AttributeKey.longKey("messaging.kafka.offset")))
                .containsExactly(1L, 2L);
    }

    private static Message<String, String> message(String traceparent, long offset) {
        return new Message<>(
                Topic.strings("orders"),
                Partition.of("orders", 0),
                offset,
                Instant.EPOCH,
                "k",
                "v",
                Headers.of("traceparent", traceparent),
                1);
    }
}
