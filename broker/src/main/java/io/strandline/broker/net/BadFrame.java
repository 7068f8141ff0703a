package io.strandline.broker.net;

import java.io.IOException;

/** What arrived cannot be the beginning of a Kafka request. The message says what it looks like and what to do. */
final class BadFrame extends IOException {
    private static final long serialVersionUID = 1;

    BadFrame(String message) {
        super(message);
    }
}
