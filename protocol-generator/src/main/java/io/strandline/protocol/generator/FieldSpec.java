package io.strandline.protocol.generator;

import java.util.Set;

/**
 * A field of a struct.
 *
 * @param name as in the spec, first letter in whatever case
 * @param tagged versions in which it is a tagged field rather than one in its place
 * @param flexible versions in which its lengths are written in compact form
 * @param defaultText as in the spec, empty if it says none
 */
record FieldSpec(
        String name,
        FieldType type,
        VersionRange versions,
        VersionRange nullable,
        VersionRange tagged,
        int tag,
        VersionRange flexible,
        boolean ignorable,
        String defaultText) {

    private static final Set<String> RESERVED =
            Set.of("default", "class", "interface", "package", "switch", "case", "new", "enum", "static", "version_");

    /** Name of the Java field. */
    String java() {
        String lower = Character.toLowerCase(name.charAt(0)) + name.substring(1);
        return RESERVED.contains(lower) ? lower + "_" : lower;
    }

    boolean isTaggedIn(VersionRange scope) {
        return !tagged.intersect(versions).intersect(scope).isEmpty();
    }

    boolean mayBeNull() {
        return !nullable.isEmpty() || type.is(FieldType.Kind.RECORDS) || defaultText.equals("null");
    }
}
