package io.strandline.storage;

/** The bytes are not a batch that may enter a log. The message is a sentence for a person. */
public final class InvalidBatch extends Exception {
    private static final long serialVersionUID = 1L;
    private final StorageError error;

    InvalidBatch(StorageError error, String reason) {
        super(reason);
        this.error = error;
    }

    public StorageError error() {
        return error;
    }
}
