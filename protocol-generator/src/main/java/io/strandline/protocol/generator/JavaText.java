package io.strandline.protocol.generator;

/** Lines of Java, indented by the braces in them. */
final class JavaText {
    private final StringBuilder text = new StringBuilder();
    private int depth;

    /** One line. It may close blocks at its beginning and open one at its end. */
    JavaText line(String line) {
        if (line.startsWith("}")) {
            depth--;
        }
        text.append(line.isEmpty() ? "" : "    ".repeat(depth)).append(line).append('\n');
        if (line.endsWith("{")) {
            depth++;
        }
        return this;
    }

    /** A block that runs only if a version condition holds: nothing for "false", no braces for "true". */
    JavaText when(String condition, Runnable block) {
        return when(condition, block, () -> {});
    }

    JavaText when(String condition, Runnable block, Runnable otherwise) {
        if (condition.equals("true")) {
            block.run();
            return this;
        }
        if (condition.equals("false")) {
            otherwise.run();
            return this;
        }
        line("if (" + condition + ") {");
        block.run();
        int before = text.length();
        line("} else {");
        int after = text.length();
        otherwise.run();
        if (text.length() == after) {
            text.setLength(before);
            depth--;
        } else {
            depth--;
        }
        text.append("    ".repeat(depth)).append("}\n");
        return this;
    }

    static String quote(String value) {
        return "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    /** "OffsetForLeaderEpoch" becomes "OFFSET_FOR_LEADER_EPOCH". */
    static String upperSnake(String camel) {
        return camel.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(java.util.Locale.ROOT);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
