package io.strandline.protocol.generator;

import java.util.List;
import java.util.Set;

/** Writes the Java class of one message: the body on top, its structs nested below. */
final class MessageClass {
    private final MessageSpec message;
    private final Set<String> comparedToDefault;
    private final JavaText out = new JavaText();

    private MessageClass(MessageSpec message) {
        this.message = message;
        this.comparedToDefault = message.comparedToDefault();
    }

    static String write(MessageSpec message, String packageName) {
        var writer = new MessageClass(message);
        writer.file(packageName);
        return writer.out.toString();
    }

    private void file(String packageName) {
        out.line("// Generated from Kafka's message spec " + message.name() + ".json. Do not edit.");
        out.line("package " + packageName + ";").line("");
        imports();
        out.line("/**");
        out.line(" * " + inWords() + ", " + message.versions().inWords() + flexibleInWords() + ".");
        out.line(" */");
        boolean key = message.kind() == MessageSpec.Kind.COORDINATOR_KEY;
        out.line("public final class " + message.name() + " implements " + (key ? "RecordKey" : "Message") + " {");
        constants();
        members(message.body(), true);
        for (var struct : message.structs().values()) {
            out.line("");
            out.line("/** Part of {@link " + message.name() + "}" + structVersions(struct) + ". */");
            out.line("public static final class " + struct.name() + " {");
            members(struct, false);
            out.line("}");
        }
        out.line("}");
    }

    private void imports() {
        for (var name : List.of(
                "io.strandline.protocol.ByteSink",
                "io.strandline.protocol.ByteSource",
                "io.strandline.protocol.CountingSink",
                "io.strandline.protocol.Description",
                "io.strandline.protocol.ErrorCode",
                "io.strandline.protocol.Message",
                "io.strandline.protocol.Payload",
                "io.strandline.protocol.RecordKey",
                "io.strandline.protocol.TaggedField",
                "java.nio.ByteBuffer",
                "java.util.ArrayList",
                "java.util.List",
                "java.util.UUID",
                "org.jspecify.annotations.Nullable")) {
            out.line("import " + name + ";");
        }
        out.line("");
    }

    private String inWords() {
        return switch (message.kind()) {
            case REQUEST, RESPONSE, HEADER, DATA -> words(message.name());
            case COORDINATOR_KEY -> words(message.name()) + " of the records of type " + message.apiKey();
            case COORDINATOR_VALUE -> words(message.name()) + " of the records of type " + message.apiKey();
        };
    }

    private static String words(String camel) {
        String spaced = camel.replaceAll("([a-z0-9])([A-Z])", "$1 $2").toLowerCase(java.util.Locale.ROOT);
        return Character.toUpperCase(spaced.charAt(0)) + spaced.substring(1);
    }

    private String flexibleInWords() {
        var flexible = message.flexible().intersect(message.versions());
        if (flexible.isEmpty()) {
            return ", none of them flexible";
        }
        return flexible.equals(message.versions()) ? ", flexible" : ", flexible from " + flexible.lowest();
    }

    private String structVersions(StructSpec struct) {
        if (struct.versions().isEmpty()) {
            return "; in no version that is left";
        }
        return struct.versions().equals(message.versions())
                ? ""
                : "; " + struct.versions().inWords();
    }

    private void constants() {
        if (message.kind() == MessageSpec.Kind.COORDINATOR_KEY) {
            out.line("/** Stands in front of the key. */");
            out.line("public static final short RECORD_TYPE = " + message.apiKey() + ";")
                    .line("");
        }
        out.line("public static final short LOWEST_VERSION = "
                + message.versions().lowest() + ";");
        out.line("public static final short HIGHEST_VERSION = "
                        + message.versions().highest() + ";")
                .line("");
    }

    private void members(StructSpec struct, boolean top) {
        var fields = struct.fields().stream()
                .map(field -> new FieldCode(message, struct, field))
                .toList();
        var tagged = struct.tagged().stream()
                .map(field -> new FieldCode(message, struct, field))
                .toList();
        fields.forEach(field -> field.declare(out));
        out.line("/** Tagged fields that are not in the spec, by ascending tag. Empty if there are none. */");
        out.line("public List<TaggedField> unknownTaggedFields = List.of();").line("");
        out.line("/** All fields have their defaults. */");
        out.line("public " + struct.name() + "() {}").line("");
        if (top) {
            versions();
        }
        read(struct, top, fields, tagged);
        write(struct, top, fields, tagged);
        tagged.forEach(field -> field.writeTagMethod(out));
        if (!top && comparedToDefault.contains(struct.name())) {
            isDefault(fields);
        }
        fields.forEach(field -> field.setter(out, struct.name()));
        describe(struct, fields);
    }

    private void versions() {
        override("short lowestVersion()");
        out.line("return LOWEST_VERSION;").line("}").line("");
        override("short highestVersion()");
        out.line("return HIGHEST_VERSION;").line("}").line("");
        if (message.kind() == MessageSpec.Kind.COORDINATOR_KEY) {
            override("short recordType()");
            out.line("return RECORD_TYPE;").line("}").line("");
        }
    }

    private void override(String signature) {
        out.line("@Override").line("public " + signature + " {");
    }

    private void read(StructSpec struct, boolean top, List<FieldCode> fields, List<FieldCode> tagged) {
        if (top) {
            override("void read(ByteSource in, short version)");
            out.line("requireVersion(version);");
        } else {
            out.line("void read(ByteSource in, short version) {");
        }
        fields.forEach(field -> field.read(out));
        String structPath = JavaText.quote(top ? message.name() : message.name() + "." + struct.name());
        out.when(
                message.flexible().condition(struct.versions()),
                () -> readTags(structPath, tagged),
                () -> out.line("this.unknownTaggedFields = List.of();"));
        out.line("}").line("");
    }

    private void readTags(String structPath, List<FieldCode> tagged) {
        if (tagged.isEmpty()) {
            out.line("this.unknownTaggedFields = in.unknownTags(" + structPath + ");");
            return;
        }
        out.line("List<TaggedField> unknown = List.of();");
        out.line("for (int left = in.tagCount(" + structPath + "); left > 0; left--) {");
        out.line("int tag = in.tag(" + structPath + ");");
        out.line("int size = in.tagSize(" + structPath + ", tag);");
        out.line("switch (tag) {");
        tagged.forEach(field -> field.readTag(out));
        out.line("default -> unknown = in.keepTag(" + structPath + ", unknown, tag, size);");
        out.line("}").line("}");
        out.line("this.unknownTaggedFields = unknown;");
    }

    private void write(StructSpec struct, boolean top, List<FieldCode> fields, List<FieldCode> tagged) {
        if (top) {
            override("void write(ByteSink out, short version)");
            out.line("requireVersion(version);");
        } else {
            out.line("void write(ByteSink out, short version) {");
        }
        fields.forEach(field -> field.write(out));
        String structPath = JavaText.quote(top ? message.name() : message.name() + "." + struct.name());
        out.when(message.flexible().condition(struct.versions()), () -> writeTags(tagged), () -> {
            out.line("if (!this.unknownTaggedFields.isEmpty()) {");
            out.line("throw out.absent(" + structPath.replaceAll("\"$", ".unknownTaggedFields\"") + ", version);");
            out.line("}");
        });
        out.line("}").line("");
    }

    private void writeTags(List<FieldCode> tagged) {
        if (tagged.isEmpty()) {
            out.line("out.tagCount(0, this.unknownTaggedFields);");
            out.line("out.unknownTags(this.unknownTaggedFields, 0);");
            return;
        }
        out.line("int known = 0;");
        for (var field : tagged) {
            out.line("boolean due" + field.tag() + " = " + field.tagIsDue() + ";");
            out.line("known += due" + field.tag() + " ? 1 : 0;");
        }
        out.line("out.tagCount(known, this.unknownTaggedFields);");
        out.line("int unknown = 0;");
        for (var field : tagged) {
            out.line("if (due" + field.tag() + ") {");
            out.line("unknown = out.unknownTagsBelow(" + field.tag() + ", this.unknownTaggedFields, unknown);");
            out.line("var value" + field.tag() + " = new CountingSink();");
            out.line(field.tagMethod() + "(value" + field.tag() + ", version);");
            out.line("out.tag(" + field.tag() + ", value" + field.tag() + ");");
            out.line(field.tagMethod() + "(out, version);");
            out.line("}");
        }
        out.line("out.unknownTags(this.unknownTaggedFields, unknown);");
    }

    private void isDefault(List<FieldCode> fields) {
        out.line("boolean isDefault() {");
        var expression = new StringBuilder("return this.unknownTaggedFields.isEmpty()");
        fields.forEach(field -> expression.append(" && ").append(field.isDefault()));
        out.line(expression + ";");
        out.line("}").line("");
    }

    private void describe(StructSpec struct, List<FieldCode> fields) {
        override("String toString()");
        out.line("return new Description(" + JavaText.quote(struct.name()) + ")");
        fields.forEach(field -> field.describe(out));
        out.line("        .toString();").line("}");
    }
}
