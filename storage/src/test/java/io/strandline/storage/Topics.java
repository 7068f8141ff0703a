package io.strandline.storage;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/** A catalogue as small as can be: records "+ID" and "-ID" in the metadata log; all topics have one configuration. */
final class Topics implements Catalogue {
    private final Map<UUID, Boolean> live = new HashMap<>();
    private final Supplier<LogConfig> config;

    Topics(LogConfig config) {
        this(() -> config);
    }

    /** With a configuration that changes. */
    Topics(Supplier<LogConfig> config) {
        this.config = config;
    }

    static Batch created(UUID topic) {
        return event("+" + topic);
    }

    static Batch deleted(UUID topic) {
        return event("-" + topic);
    }

    private static Batch event(String text) {
        return new BatchBuilder()
                .add(0, null, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)))
                .build();
    }

    /** Creates a topic at once, without any log. */
    Topics with(UUID topic) {
        live.put(topic, true);
        return this;
    }

    @Override
    public void apply(Batch batch) {
        try {
            var records = batch.records(Codec.JDK);
            while (records.next()) {
                var value = records.value();
                if (value == null) {
                    throw new IllegalStateException("No value in " + batch);
                }
                String text = StandardCharsets.US_ASCII.decode(value).toString();
                live.put(UUID.fromString(text.substring(1)), text.charAt(0) == '+');
            }
        } catch (InvalidBatch e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean live(UUID topicId) {
        return live.getOrDefault(topicId, false);
    }

    @Override
    public LogConfig config(UUID topicId) {
        return config.get();
    }

    @Override
    public String name(UUID topicId) {
        return "topic-" + topicId.getLeastSignificantBits();
    }
}
