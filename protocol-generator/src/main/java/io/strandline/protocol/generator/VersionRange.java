package io.strandline.protocol.generator;

/** Versions from lowest to highest, both included; empty if lowest is above highest. Written "3", "3-5", "3+" or "none". */
record VersionRange(int lowest, int highest) {
    static final VersionRange NONE = new VersionRange(0, -1);

    static VersionRange parse(String text) {
        if (text.isEmpty() || text.equals("none")) {
            return NONE;
        }
        if (text.endsWith("+")) {
            return new VersionRange(Integer.parseInt(text.substring(0, text.length() - 1)), Short.MAX_VALUE);
        }
        int dash = text.indexOf('-');
        if (dash < 0) {
            return new VersionRange(Integer.parseInt(text), Integer.parseInt(text));
        }
        return new VersionRange(Integer.parseInt(text.substring(0, dash)), Integer.parseInt(text.substring(dash + 1)));
    }

    boolean isEmpty() {
        return lowest > highest;
    }

    boolean contains(int version) {
        return lowest <= version && version <= highest;
    }

    boolean contains(VersionRange other) {
        return other.isEmpty() || (lowest <= other.lowest && other.highest <= highest);
    }

    VersionRange intersect(VersionRange other) {
        var common = new VersionRange(Math.max(lowest, other.lowest), Math.min(highest, other.highest));
        return common.isEmpty() ? NONE : common;
    }

    /** A Java condition for "version is in this range", given that it is in the other one: "true" or "false" where that decides it. */
    String condition(VersionRange known) {
        var common = intersect(known);
        if (common.isEmpty()) {
            return "false";
        }
        if (common.equals(known)) {
            return "true";
        }
        if (common.lowest == common.highest) {
            return "version == " + common.lowest;
        }
        String low = common.lowest > known.lowest ? "version >= " + common.lowest : "";
        String high = common.highest < known.highest ? "version <= " + common.highest : "";
        return low.isEmpty() || high.isEmpty() ? low + high : low + " && " + high;
    }

    /** For a sentence: "version 3", "versions 3 to 5". */
    String inWords() {
        return lowest == highest ? "version " + lowest : "versions " + lowest + " to " + highest;
    }
}
