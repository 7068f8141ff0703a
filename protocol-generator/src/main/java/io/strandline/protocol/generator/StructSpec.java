package io.strandline.protocol.generator;

import java.util.List;

/**
 * A group of fields: the message itself, or a struct in it.
 *
 * @param versions the versions in which it can occur
 */
record StructSpec(String name, VersionRange versions, VersionRange flexible, List<FieldSpec> fields) {
    List<FieldSpec> tagged() {
        return fields.stream()
                .filter(field -> field.isTaggedIn(versions))
                .sorted((a, b) -> Integer.compare(a.tag(), b.tag()))
                .toList();
    }
}
