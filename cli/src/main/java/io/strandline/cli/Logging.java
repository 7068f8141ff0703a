package io.strandline.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What is logged, and how it looks: one line an event on standard error. */
final class Logging {
    private Logging() {}

    /** Held, because java.util.logging forgets the level of a logger that nobody holds. */
    private static final Logger STRANDLINE = Logger.getLogger("io.strandline");

    /**
     * Begins quietly: a command says in its own words what went wrong. With {@code debug} Strandline and the Kafka clients inside
     * tell all.
     */
    static void configure(boolean debug) {
        LogManager.getLogManager().reset();
        var handler = new ConsoleHandler();
        handler.setLevel(Level.ALL);
        handler.setFormatter(new Line(debug));
        var root = Logger.getLogger("");
        root.addHandler(handler);
        root.setLevel(debug ? Level.INFO : Level.OFF);
        STRANDLINE.setLevel(debug ? Level.FINE : Level.OFF);
    }

    /** What an operator wants to know: for a command that runs for long. */
    static void showWhatHappens() {
        if (Level.OFF.equals(STRANDLINE.getLevel())) {
            STRANDLINE.setLevel(Level.INFO);
        }
    }

    private static final class Line extends Formatter {
        private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

        private final boolean stackTraces;

        Line(boolean stackTraces) {
            this.stackTraces = stackTraces;
        }

        @Override
        public String format(LogRecord entry) {
            var time = TIME.format(entry.getInstant().atZone(ZoneId.systemDefault()));
            return time + " " + entry.getLevel().getName() + " " + formatMessage(entry) + thrown(entry) + "\n";
        }

        private String thrown(LogRecord entry) {
            var thrown = entry.getThrown();
            if (thrown == null) {
                return "";
            }
            if (!stackTraces) {
                return ": " + thrown;
            }
            var text = new StringWriter();
            thrown.printStackTrace(new PrintWriter(text));
            return "\n" + text;
        }
    }
}
