package io.strandline;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What makes two messages the same one, for {@link Deduplication}. Called by handlers' threads, so safe for use by many at
 * once. What it throws is a failure of the message.
 *
 * <p>{@link #place()} catches what Kafka delivers again (after a crash, a rebalance, a seek). It cannot catch what was
 * <em>stored</em> twice: by a sender that tried again after it got no answer, or by a re-drive of dead letters. For that
 * the sender must give the message an id that stays the same, and {@link #header} or a function of the value finds it.
 */
@FunctionalInterface
public interface MessageId {
    /**
     * The id, which need be unique within the topic only.
     *
     * @return null where the message has none: it is then known by its place
     */
    @Nullable
    String of(Message<?, ?> message);

    /** Topic, partition and offset. The timestamp is part of it, so that a topic that was deleted and made again is another. */
    static MessageId place() {
        return message -> null;
    }

    /** The last header of this name, as text. */
    static MessageId header(String name) {
        return message -> message.headers().last(name).orElse(null);
    }

    /** A function of this topic's values; messages of other topics, and tombstones, are known by their place. */
    static <V> MessageId value(Topic<?, V> topic, Function<? super V, String> id) {
        return message -> message.topic().name().equals(topic.name()) ? valueId(message, id) : null;
    }

    @SuppressWarnings("unchecked") // if the consumer reads the topic as another type, the id's function fails
    private static <V> @Nullable String valueId(Message<?, ?> message, Function<? super V, String> id) {
        V value = (V) message.value();
        return value == null ? null : id.apply(value);
    }

    /** The id for a store of several topics: never the same for two messages, whatever their ids look like. */
    default String within(Message<?, ?> message) {
        var id = of(message);
        return id != null
                ? message.partition().topic() + "#" + id
                : message.partition().topic() + "@" + message.partition().number() + "/" + message.offset() + "/"
                        + message.timestamp().toEpochMilli();
    }
}
