package io.strandline.storage;

import java.io.IOException;

/** The disk has no space left, or the quota is used up (ENOSPC, EDQUOT). Nothing is broken; it can end by itself. */
public final class DiskFull extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFull(String message) {
        super(message);
    }

    public DiskFull(String message, Throwable cause) {
        super(message, cause);
    }
}
