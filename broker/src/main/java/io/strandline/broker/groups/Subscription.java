package io.strandline.broker.groups;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The beginning of what a consumer says about itself, the same in every version of it:
 *
 * <pre>
 *   int16 version | int32 topics | topics x (int16 length, UTF-8 name) | what later versions add
 * </pre>
 */
final class Subscription {
    /** The protocol type of consumers; other users of groups (Kafka Connect) have their own. */
    static final String CONSUMER = "consumer";

    private Subscription() {}

    /** The topics; absent when the bytes are not a subscription, which is the client's own affair. */
    static Optional<Set<String>> topics(Bytes metadata) {
        var in = metadata.buffer();
        if (in.remaining() < Short.BYTES + Integer.BYTES) {
            return Optional.empty();
        }
        in.getShort();
        int count = in.getInt();
        var topics = new HashSet<String>();
        for (int i = 0; i < count; i++) {
            var topic = string(in);
            if (topic.isEmpty()) {
                return Optional.empty();
            }
            topics.add(topic.get());
        }
        return count < 0 ? Optional.empty() : Optional.of(topics);
    }

    private static Optional<String> string(ByteBuffer in) {
        if (in.remaining() < Short.BYTES) {
            return Optional.empty();
        }
        int length = in.getShort();
        if (length < 0 || length > in.remaining()) {
            return Optional.empty();
        }
        var utf8 = new byte[length];
        in.get(utf8);
        return Optional.of(new String(utf8, StandardCharsets.UTF_8));
    }
}
