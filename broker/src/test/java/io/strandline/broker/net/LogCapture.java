package io.strandline.broker.net;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What the broker says in its log while a test runs. */
public final class LogCapture implements AutoCloseable {
    private static final Logger LOGGER = Logger.getLogger("io.strandline.broker");
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {
            // Nothing is buffered.
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    };

    public LogCapture() {
        LOGGER.addHandler(handler);
    }

    public List<String> lines() {
        return lines;
    }

    @Override
    public void close() {
        LOGGER.removeHandler(handler);
    }
}
