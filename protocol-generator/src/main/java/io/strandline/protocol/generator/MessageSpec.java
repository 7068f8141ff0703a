package io.strandline.protocol.generator;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * One spec file.
 *
 * @param apiKey the API's number, or the record type of a coordinator key or value; -1 if it has none
 * @param structs the structs inside, by name
 */
record MessageSpec(
        Kind kind,
        String name,
        int apiKey,
        VersionRange versions,
        VersionRange flexible,
        boolean latestVersionUnstable,
        StructSpec body,
        Map<String, StructSpec> structs) {

    /** What a message is for. */
    enum Kind {
        REQUEST,
        RESPONSE,
        HEADER,
        DATA,
        COORDINATOR_KEY,
        COORDINATOR_VALUE;

        boolean isRecord() {
            return this == COORDINATOR_KEY || this == COORDINATOR_VALUE;
        }
    }

    MessageSpec {
        structs = new LinkedHashMap<>(structs);
    }

    StructSpec struct(String structName) {
        var struct = structs.get(structName);
        if (struct == null) {
            throw new IllegalArgumentException(name + " uses the struct " + structName + ", but does not define it");
        }
        return struct;
    }

    /** Structs that occur as a single value, so that somebody asks whether they are all default. */
    Set<String> comparedToDefault() {
        var found = new LinkedHashSet<String>();
        collectCompared(body, found);
        structs.values().forEach(struct -> collectCompared(struct, found));
        return found;
    }

    private void collectCompared(StructSpec struct, Set<String> found) {
        for (var field : struct.fields()) {
            if (field.type().isStruct() && found.add(field.type().struct())) {
                collectCompared(struct(field.type().struct()), found);
            }
        }
    }

    /** The fewest bytes that a value takes in any of these versions; 1 at least, so that one may divide by it. */
    int bytesMin(FieldType type, VersionRange range) {
        int min = Integer.MAX_VALUE;
        for (int version = range.lowest(); version <= range.highest(); version++) {
            min = Math.min(min, bytesMin(type, version, flexible.contains(version), false));
        }
        return Math.max(1, min);
    }

    private int bytesMin(FieldType type, int version, boolean compact, boolean nullable) {
        if (type.array()) {
            return compact ? 1 : 4;
        }
        if (type.isStruct()) {
            return nullable ? 1 : bytesMin(struct(type.struct()), version);
        }
        if (type.kind().fixedBytes > 0) {
            return type.kind().fixedBytes;
        }
        return compact ? 1 : type.kind() == FieldType.Kind.STRING ? 2 : 4;
    }

    private int bytesMin(StructSpec struct, int version) {
        int sum = flexible.contains(version) ? 1 : 0;
        for (var field : struct.fields()) {
            if (field.versions().contains(version) && !field.tagged().contains(version)) {
                sum += bytesMin(
                        field.type(),
                        version,
                        field.flexible().contains(version),
                        field.nullable().contains(version));
            }
        }
        return sum;
    }
}
