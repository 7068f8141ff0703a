package io.strandline;

/** Why a message of a key is a dead letter without having been tried: an earlier one of its key is one. */
final class Parked extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient OpenLetter behind;

    Parked(OpenLetter behind) {
        super(
                "parked behind " + behind.at() + "@" + behind.offset() + ", an earlier message of its key",
                null,
                false,
                false);
        this.behind = behind;
    }

    OpenLetter behind() {
        return behind;
    }
}
