package io.strandline.broker.config;

/** A setting that does not exist, or a value it cannot take. The message is a sentence for the person who wrote it. */
public final class InvalidSetting extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public InvalidSetting(String message) {
        super(message);
    }
}
