package io.strandline.protocol.generator;

import io.strandline.protocol.generator.FieldType.Kind;

/** The Java for one field of one struct: declaring, reading, writing, comparing, describing. */
final class FieldCode {
    private final MessageSpec message;
    private final StructSpec struct;
    private final FieldSpec field;
    private final FieldType type;
    /** The versions that are possible where the code stands. */
    private final VersionRange scope;

    FieldCode(MessageSpec message, StructSpec struct, FieldSpec field) {
        this.message = message;
        this.struct = struct;
        this.field = field;
        this.type = field.type();
        this.scope = struct.versions();
    }

    String name() {
        return field.java();
    }

    /** How errors call the field. */
    String path() {
        boolean top = struct.name().equals(message.name());
        return JavaText.quote(message.name() + (top ? "." : "." + struct.name() + ".") + name());
    }

    String present() {
        return field.versions().condition(scope);
    }

    /** Condition, within the versions that have the field, for its being a tagged one. */
    String taggedWhenPresent() {
        return field.tagged().condition(field.versions().intersect(scope));
    }

    void declare(JavaText out) {
        out.line("/** {@code " + field.name() + "}: " + type.inWords() + versionsInWords() + " */");
        String annotation = field.mayBeNull() && !type.isPrimitive() ? "@Nullable " : "";
        out.line("public " + annotation + type.java() + " " + name() + " = " + defaultValue() + ";");
    }

    private String versionsInWords() {
        var possible = field.versions().intersect(scope);
        var words = new StringBuilder();
        if (possible.isEmpty()) {
            words.append("; in no version that is left");
        } else if (!possible.equals(message.versions())) {
            words.append("; ").append(possible.inWords());
        }
        var tagged = field.tagged().intersect(possible);
        if (!tagged.isEmpty()) {
            words.append("; tagged ").append(field.tag());
        }
        var nullable = field.nullable().intersect(possible);
        if (!nullable.isEmpty()) {
            words.append(nullable.equals(possible) ? "; may be null" : "; may be null in " + nullable.inWords());
        }
        return words + ".";
    }

    void setter(JavaText out, String owner) {
        String annotation = field.mayBeNull() && !type.isPrimitive() ? "@Nullable " : "";
        out.line("public " + owner + " " + name() + "(" + annotation + type.java() + " value) {");
        out.line("this." + name() + " = value;");
        out.line("return this;");
        out.line("}").line("");
        if (field.name().equals("ErrorCode") && type.is(Kind.INT16)) {
            out.line("public " + owner + " " + name() + "(ErrorCode value) {");
            out.line("this." + name() + " = value.code();");
            out.line("return this;");
            out.line("}").line("");
        }
    }

    String defaultValue() {
        String text = field.defaultText();
        if (text.equals("null") || type.is(Kind.RECORDS)) {
            return "null";
        }
        if (type.array()) {
            return "new ArrayList<>()";
        }
        return switch (type.kind()) {
            case BOOL -> String.valueOf(Boolean.parseBoolean(text));
            case INT8, INT16, INT32, UINT16 -> String.valueOf(number(text));
            case UINT32, INT64 -> number(text) + "L";
            case FLOAT64 -> String.valueOf(text.isEmpty() ? 0.0 : Double.parseDouble(text));
            case STRING -> JavaText.quote(text);
            case UUID -> "Message.ZERO_UUID";
            case BYTES -> "Message.NO_BYTES";
            case RECORDS -> "null";
            case STRUCT -> "new " + type.struct() + "()";
        };
    }

    private static long number(String text) {
        return text.isEmpty() ? 0 : Long.decode(text);
    }

    /** A Java expression for "the field has its default". */
    String isDefault() {
        String value = "this." + name();
        if (defaultValue().equals("null")) {
            return value + " == null";
        }
        if (type.isPrimitive()) {
            return type.kind() == Kind.BOOL
                    ? (defaultValue().equals("true") ? value : "!" + value)
                    : value + " == " + defaultValue();
        }
        String notNull = field.mayBeNull() ? value + " != null && " : "";
        if (type.array()) {
            return notNull + value + ".isEmpty()";
        }
        return switch (type.kind()) {
            case STRING -> defaultValue() + ".equals(" + value + ")";
            case UUID -> "Message.ZERO_UUID.equals(" + value + ")";
            case BYTES -> notNull + "!" + value + ".hasRemaining()";
            default -> notNull + value + ".isDefault()";
        };
    }

    void read(JavaText out) {
        Runnable reset = () -> out.line("this." + name() + " = " + defaultValue() + ";");
        if (taggedWhenPresent().equals("true")) {
            reset.run();
        } else {
            out.when(
                    present(),
                    () -> out.when(taggedWhenPresent(), reset, () -> readValue(out, false, presentScope())),
                    reset);
        }
    }

    private VersionRange presentScope() {
        return field.versions().intersect(scope);
    }

    private VersionRange taggedScope() {
        return field.tagged().intersect(presentScope());
    }

    /** The {@code case} of a known tag. */
    void readTag(JavaText out) {
        out.line("case " + field.tag() + " -> {");
        String allowed = taggedScope().condition(scope.intersect(message.flexible()));
        if (!allowed.equals("true")) {
            out.line("if (!(" + allowed + ")) {");
            out.line("throw in.misplacedTag(" + path() + ", tag, version);");
            out.line("}");
        }
        out.line("int outerLimit = in.enterTag(size);");
        readValue(out, true, taggedScope());
        out.line("in.leaveTag(" + path() + ", outerLimit);");
        out.line("}");
    }

    private void readValue(JavaText out, boolean inTag, VersionRange known) {
        String flexible = field.flexible().condition(known);
        String nullable = field.nullable().condition(known);
        String target = "this." + name() + " = ";
        if (type.array()) {
            readArray(out, flexible, nullable, known);
        } else if (type.isStruct()) {
            readStruct(out, inTag, nullable);
        } else if (type.kind() == Kind.RECORDS) {
            out.line(target + "in.records(" + path() + ", " + flexible + ", " + nullable + ");");
        } else {
            out.line(target + readSingle(type, flexible, nullable) + ";");
        }
    }

    private String readSingle(FieldType single, String flexible, String nullable) {
        boolean sized = single.kind() == Kind.STRING || single.kind() == Kind.BYTES;
        if (!sized) {
            return "in." + single.kind().method() + "(" + path() + ")";
        }
        if (nullable.equals("false")) {
            return "in." + single.kind().method() + "(" + path() + ", " + flexible + ")";
        }
        String method = single.kind() == Kind.STRING ? "nullableString" : "nullableBytes";
        return "in." + method + "(" + path() + ", " + flexible + ", " + nullable + ")";
    }

    private void readArray(JavaText out, String flexible, String nullable, VersionRange known) {
        var element = type.element();
        String count = name() + "Count";
        out.line("int " + count + " = in.arrayLength(" + path() + ", " + flexible + ", " + nullable + ", "
                + message.bytesMin(element, known) + ");");
        boolean mayBeNull = !nullable.equals("false");
        if (mayBeNull) {
            out.line("if (" + count + " < 0) {");
            out.line("this." + name() + " = null;");
            out.line("} else {");
        }
        String list = name() + "Elements";
        out.line("var " + list + " = new ArrayList<" + type.boxed() + ">(" + count + ");");
        out.line("for (int i = 0; i < " + count + "; i++) {");
        if (element.isStruct()) {
            out.line("var element = new " + type.struct() + "();");
            out.line("element.read(in, version);");
            out.line(list + ".add(element);");
        } else {
            out.line(list + ".add(" + readSingle(element, flexible, "false") + ");");
        }
        out.line("}");
        out.line("this." + name() + " = " + list + ";");
        if (mayBeNull) {
            out.line("}");
        }
    }

    private void readStruct(JavaText out, boolean inTag, String nullable) {
        String follows = (inTag ? "in.taggedStructFollows(" : "in.structFollows(") + path() + ")";
        boolean mayBeNull = !nullable.equals("false");
        if (mayBeNull) {
            String always = nullable.equals("true") ? "" : "!(" + nullable + ") || ";
            out.line("if (" + always + follows + ") {");
        }
        out.line("this." + name() + " = new " + type.struct() + "();");
        out.line("this." + name() + ".read(in, version);");
        if (mayBeNull) {
            out.line("} else {");
            out.line("this." + name() + " = null;");
            out.line("}");
        }
    }

    /** Writes the field in its place, or refuses to lose it in a version that has none. */
    void write(JavaText out) {
        out.when(
                present(),
                () -> out.when(taggedWhenPresent(), () -> {}, () -> writeValue(out, false, presentScope())),
                () -> {
                    if (!field.ignorable()) {
                        out.line("if (!(" + isDefault() + ")) {");
                        out.line("throw out.absent(" + path() + ", version);");
                        out.line("}");
                    }
                });
    }

    /** Name of the method that writes the value of a tagged field: once into a counter, once in earnest. */
    String tagMethod() {
        return "writeTag" + field.tag();
    }

    void writeTagMethod(JavaText out) {
        out.line("private void " + tagMethod() + "(ByteSink out, short version) {");
        writeValue(out, true, taggedScope());
        out.line("}").line("");
    }

    /** Condition for the tagged field to be written. */
    String tagIsDue() {
        String allowed = taggedScope().condition(scope.intersect(message.flexible()));
        return (allowed.equals("true") ? "" : allowed + " && ") + "!(" + isDefault() + ")";
    }

    int tag() {
        return field.tag();
    }

    private void writeValue(JavaText out, boolean inTag, VersionRange known) {
        String flexible = field.flexible().condition(known);
        String nullable = field.nullable().condition(known);
        String value = "this." + name();
        if (type.array()) {
            out.line("out.arrayLength(" + path() + ", " + value + ", " + flexible + ", " + nullable + ");");
            if (!nullable.equals("false")) {
                out.line("if (" + value + " != null) {");
            }
            out.line("for (var element : " + value + ") {");
            writeSingle(out, type.element(), "element", flexible, "false");
            out.line("}");
            if (!nullable.equals("false")) {
                out.line("}");
            }
        } else if (type.isStruct()) {
            writeStruct(out, inTag, nullable);
        } else {
            writeSingle(out, type, value, flexible, nullable);
        }
    }

    private void writeSingle(JavaText out, FieldType single, String value, String flexible, String nullable) {
        switch (single.kind()) {
            case STRING, BYTES, RECORDS ->
                out.line("out." + single.kind().method() + "(" + path() + ", " + value + ", " + flexible + ", "
                        + nullable + ");");
            case UUID, UINT16, UINT32 -> out.line("out." + single.kind().method() + "(" + path() + ", " + value + ");");
            case STRUCT -> out.line(value + ".write(out, version);");
            default -> out.line("out." + single.kind().method() + "(" + value + ");");
        }
    }

    private void writeStruct(JavaText out, boolean inTag, String nullable) {
        String value = "this." + name();
        String marker = (inTag ? "out.taggedStructMarker(" : "out.structMarker(") + value + ")";
        if (nullable.equals("true")) {
            out.line("if (" + marker + ") {");
            out.line(value + ".write(out, version);");
            out.line("}");
            return;
        }
        if (!nullable.equals("false")) {
            throw new IllegalArgumentException(
                    path() + " is a struct that is nullable in some versions only, which no spec has had so far");
        }
        if (field.mayBeNull()) {
            out.line("out.notNull(" + path() + ", " + value + ");");
        }
        out.line(value + ".write(out, version);");
    }

    void describe(JavaText out) {
        boolean mayBeSecret = type.is(Kind.STRING) && field.name().equals("Value");
        String method = mayBeSecret ? ".addLength(" : type.isStruct() ? ".addStruct(" : ".add(";
        out.line("        " + method + JavaText.quote(name()) + ", " + name() + ")");
    }
}
