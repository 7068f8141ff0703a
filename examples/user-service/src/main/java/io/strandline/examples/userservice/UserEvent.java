package io.strandline.examples.userservice;

import io.strandline.Headers;
import io.strandline.Serde;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * What happened to a user: a JSON object. It travels as the text that it was made from, so that fields which this service does
 * not know reach those who do.
 *
 * @param json the object as text
 * @param fields the same, to look into
 */
public record UserEvent(String json, JsonNode fields) {
    private static final ObjectReader READER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    /** Unreadable bytes are refused here, so they never reach a handler: their message becomes a dead letter. */
    static final Serde<UserEvent> SERDE =
            Serde.of(event -> event.json().getBytes(StandardCharsets.UTF_8), UserEvent::parse);

    /**
     * Reads an event.
     *
     * @throws IllegalArgumentException if the text is not one JSON object
     */
    public static UserEvent parse(String json) {
        JsonNode fields;
        try {
            fields = READER.readValue(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("Not JSON: " + e.getOriginalMessage(), e);
        }
        if (fields == null || !fields.isObject()) {
            throw new IllegalArgumentException("An event is a JSON object, not " + json);
        }
        return new UserEvent(json, fields);
    }

    private static UserEvent parse(byte[] utf8) {
        return parse(Serde.string().deserialize("", utf8, Headers.none()));
    }

    /** A field as text: a string as it is, a number or a truth value as JSON writes it; empty if it is absent, null or nested. */
    public Optional<String> text(String field) {
        var value = fields.get(field);
        return value == null || value.isNull() || value.isContainer()
                ? Optional.empty()
                : Optional.of(value.asString());
    }
}
