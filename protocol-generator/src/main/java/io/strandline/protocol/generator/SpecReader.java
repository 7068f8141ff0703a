package io.strandline.protocol.generator;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a spec file. What it does not understand it refuses: a newer Kafka that says something new must not become a
 * message that is quietly wrong.
 */
final class SpecReader {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build();
    private static final Set<String> MESSAGE_KEYS = Set.of(
            "apiKey",
            "type",
            "listeners",
            "name",
            "validVersions",
            "deprecatedVersions",
            "flexibleVersions",
            "latestVersionUnstable",
            "fields",
            "commonStructs");
    private static final Set<String> FIELD_KEYS = Set.of(
            "name",
            "type",
            "versions",
            "nullableVersions",
            "taggedVersions",
            "tag",
            "flexibleVersions",
            "default",
            "ignorable",
            "mapKey",
            "entityType",
            "about",
            "zeroCopy",
            "fields");

    private final Map<String, StructSpec> structs = new LinkedHashMap<>();
    private final String name;
    private final VersionRange valid;
    private final VersionRange flexible;

    private SpecReader(JsonNode spec) {
        name = spec.get("name").asString();
        valid = VersionRange.parse(spec.get("validVersions").asString());
        flexible = VersionRange.parse(text(spec, "flexibleVersions", "none"));
    }

    /** Empty for a message that Kafka has removed. */
    static Optional<MessageSpec> read(Path file) {
        var spec = JSON.readTree(file.toFile());
        try {
            refuseUnknown(spec, MESSAGE_KEYS);
            var reader = new SpecReader(spec);
            return reader.valid.isEmpty() ? Optional.empty() : Optional.of(reader.message(spec));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("Cannot read the message spec " + file + ": " + e.getMessage(), e);
        }
    }

    private MessageSpec message(JsonNode spec) {
        var kind = MessageSpec.Kind.valueOf(
                spec.get("type").asString().toUpperCase(Locale.ROOT).replace('-', '_'));
        for (var struct : spec.path("commonStructs")) {
            addStruct(struct.get("name").asString(), valid, struct.get("fields"));
        }
        var body = new StructSpec(name, valid, flexible, fields(spec.path("fields"), valid));
        return new MessageSpec(
                kind,
                name,
                spec.path("apiKey").asInt(-1),
                valid,
                flexible,
                spec.path("latestVersionUnstable").asBoolean(false),
                body,
                structs);
    }

    private void addStruct(String struct, VersionRange versions, JsonNode fields) {
        if (structs.put(struct, new StructSpec(struct, versions, flexible, fields(fields, versions))) != null) {
            throw new IllegalArgumentException("the struct " + struct + " is defined twice");
        }
    }

    private List<FieldSpec> fields(JsonNode nodes, VersionRange scope) {
        var fields = new ArrayList<FieldSpec>();
        for (var node : nodes) {
            refuseUnknown(node, FIELD_KEYS);
            var field = field(node);
            fields.add(field);
            if (node.has("fields")) {
                addStruct(field.type().struct(), field.versions().intersect(scope), node.get("fields"));
            }
        }
        return fields;
    }

    private FieldSpec field(JsonNode node) {
        var tagged = VersionRange.parse(text(node, "taggedVersions", "none"));
        return new FieldSpec(
                node.get("name").asString(),
                FieldType.parse(node.get("type").asString()),
                VersionRange.parse(text(node, "versions", text(node, "taggedVersions", "none"))),
                VersionRange.parse(text(node, "nullableVersions", "none")),
                tagged,
                node.path("tag").asInt(-1),
                node.has("flexibleVersions")
                        ? VersionRange.parse(node.get("flexibleVersions").asString())
                        : flexible,
                node.path("ignorable").asBoolean(false),
                text(node, "default", ""));
    }

    /** A JSON null counts as absent, as in Kafka's generator: only the text "null" makes null the default. */
    private static String text(JsonNode node, String key, String otherwise) {
        var value = node.path(key);
        return value.isMissingNode() || value.isNull() ? otherwise : value.asString();
    }

    private static void refuseUnknown(JsonNode node, Set<String> known) {
        for (var key : node.propertyNames()) {
            if (!known.contains(key)) {
                throw new IllegalArgumentException("\"" + key + "\" is not understood");
            }
        }
    }
}
