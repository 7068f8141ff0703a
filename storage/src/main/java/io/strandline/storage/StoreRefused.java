package io.strandline.storage;

import java.io.IOException;

/**
 * The store cannot be opened as it is, and nothing in it was touched. The message is one sentence for a person: what
 * was found, where, and the way out.
 */
public final class StoreRefused extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreRefused(String message) {
        super(message);
    }

    public StoreRefused(String message, Throwable cause) {
        super(message, cause);
    }
}
