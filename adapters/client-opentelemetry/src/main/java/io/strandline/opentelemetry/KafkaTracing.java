package io.strandline.opentelemetry;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import io.strandline.Ack;
import io.strandline.Event;
import io.strandline.Headers;
import io.strandline.Instrumentation;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import java.util.List;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * One trace from who sends to who handles, across topics and services:
 *
 * <pre>{@code
 *   Kafka.builder().bootstrap(servers).instrument(new KafkaTracing(openTelemetry)).build()
 * }</pre>
 *
 * <p>Spans have the names and attributes of OpenTelemetry's semantic conventions for messaging:
 *
 * <pre>
 *   send TOPIC      PRODUCER   until the acknowledgement; its context goes into the message's headers
 *   poll GROUP      CLIENT     messages came from the brokers
 *   process TOPIC   CONSUMER   a call of the handler, child of the message's send; each attempt has its own;
 *                              in a batch each message has its own
 * </pre>
 *
 * The header names are the propagator's: {@code traceparent} and {@code tracestate} with W3C's, OpenTelemetry's default. They
 * replace what a message carries under the same names. The handler of a message runs in its process span, so what it
 * sends continues the trace; a batch has many, so its handler runs in none of them.
 */
public final class KafkaTracing implements Instrumentation {
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    private static final AttributeKey<String> OPERATION_NAME = AttributeKey.stringKey("messaging.operation.name");
    private static final AttributeKey<String> OPERATION_TYPE = AttributeKey.stringKey("messaging.operation.type");
    private static final AttributeKey<String> DESTINATION = AttributeKey.stringKey("messaging.destination.name");
    private static final AttributeKey<String> PARTITION = AttributeKey.stringKey("messaging.destination.partition.id");
    private static final AttributeKey<String> GROUP = AttributeKey.stringKey("messaging.consumer.group.name");
    private static final AttributeKey<Long> BATCH_SIZE = AttributeKey.longKey("messaging.batch.message_count");
    private static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");
    private static final AttributeKey<String> KEY = AttributeKey.stringKey("messaging.kafka.message.key");
    private static final AttributeKey<Boolean> TOMBSTONE = AttributeKey.booleanKey("messaging.kafka.message.tombstone");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<Long> ATTEMPT = AttributeKey.longKey("strandline.attempt");

    private final Tracer tracer;
    private final TextMapPropagator propagator;

    public KafkaTracing(OpenTelemetry openTelemetry) {
        tracer = openTelemetry.getTracer("io.strandline.client");
        propagator = openTelemetry.getPropagators().getTextMapPropagator();
    }

    @Override
    public void opened(Kafka kafka) {
        kafka.events().on(Event.Polled.class, this::polled);
    }

    private void polled(Event.Polled poll) {
        span("poll", "receive", poll.group(), SpanKind.CLIENT)
                .setNoParent()
                .setStartTimestamp(poll.at().minus(poll.took()))
                .setAttribute(GROUP, poll.group())
                .setAttribute(BATCH_SIZE, (long) poll.messages())
                .startSpan()
                .end(poll.at());
    }

    @Override
    public Sending sending(Outgoing<?, ?> message) {
        var topic = message.topic().name();
        var span = span("send", "send", topic, SpanKind.PRODUCER)
                .setAttribute(DESTINATION, topic)
                .startSpan();
        describe(span, message.key(), message.value());
        return new SendSpan(span);
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // the handling closes it, on this thread
    public Handling handling(String group, List<? extends Message<?, ?>> messages) {
        var spans = messages.stream().map(message -> process(group, message)).toList();
        var scope = spans.size() == 1 ? spans.getFirst().makeCurrent() : Scope.noop();
        return new ProcessSpans(spans, scope);
    }

    private Span process(String group, Message<?, ?> message) {
        var topic = message.partition().topic();
        var sender = propagator.extract(Context.current(), message.headers(), Getter.INSTANCE);
        var span = span("process", "process", topic, SpanKind.CONSUMER)
                .setParent(sender)
                .setAttribute(DESTINATION, topic)
                .setAttribute(GROUP, group)
                .setAttribute(PARTITION, Integer.toString(message.partition().number()))
                .setAttribute(OFFSET, message.offset())
                .setAttribute(ATTEMPT, (long) message.attempt())
                .startSpan();
        describe(span, message.key(), message.value());
        return span;
    }

    private SpanBuilder span(String name, String type, String on, SpanKind kind) {
        return tracer.spanBuilder(name + " " + on)
                .setSpanKind(kind)
                .setAttribute(SYSTEM, "kafka")
                .setAttribute(OPERATION_NAME, name)
                .setAttribute(OPERATION_TYPE, type);
    }

    /** Keys that are text can be searched for; values are nobody's business. */
    private static void describe(Span span, @Nullable Object key, @Nullable Object value) {
        if (key instanceof String text) {
            span.setAttribute(KEY, text);
        }
        if (value == null) {
            span.setAttribute(TOMBSTONE, true);
        }
    }

    private static void fail(Span span, Throwable why) {
        span.setStatus(StatusCode.ERROR).setAttribute(ERROR, why.getClass().getName());
        span.recordException(why);
    }

    private final class SendSpan implements Sending {
        private final Span span;

        SendSpan(Span span) {
            this.span = span;
        }

        @Override
        public Headers headers(Headers given) {
            var carrier = new Carrier(given);
            propagator.inject(Context.current().with(span), carrier, Setter.INSTANCE);
            return carrier.headers;
        }

        @Override
        public void acknowledged(Ack ack) {
            span.setAttribute(PARTITION, Integer.toString(ack.partition()));
            if (ack.offset() >= 0) {
                span.setAttribute(OFFSET, ack.offset());
            }
            span.end();
        }

        @Override
        public void failed(Throwable why) {
            fail(span, why);
            span.end();
        }
    }

    private record ProcessSpans(List<Span> spans, Scope scope) implements Handling {
        @Override
        public void done() {
            scope.close();
            spans.forEach(Span::end);
        }

        @Override
        public void failed(Throwable why) {
            scope.close();
            for (var span : spans) {
                fail(span, why);
                span.end();
            }
        }
    }

    /** Headers do not change; a carrier has to. */
    private static final class Carrier {
        private Headers headers;

        Carrier(Headers headers) {
            this.headers = headers;
        }
    }

    private enum Setter implements TextMapSetter<Carrier> {
        INSTANCE;

        @Override
        public void set(@Nullable Carrier carrier, String name, String value) {
            if (carrier != null) {
                carrier.headers = carrier.headers.without(name).with(name, value);
            }
        }
    }

    private enum Getter implements TextMapGetter<Headers> {
        INSTANCE;

        @Override
        public Iterable<String> keys(Headers headers) {
            return StreamSupport.stream(headers.spliterator(), false)
                    .map(Headers.Header::name)
                    .toList();
        }

        @Override
        public @Nullable String get(@Nullable Headers headers, String name) {
            return headers == null ? null : headers.last(name).orElse(null);
        }
    }
}
