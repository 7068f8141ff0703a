package io.strandline.cli.demo;

import io.strandline.cli.Problem;
import io.strandline.examples.userservice.UserEvent;
import io.strandline.examples.userservice.UserService;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * The events of a demo: a file with one JSON object a line, plain or gzipped. It is read twice, never kept: once to see what is
 * in it, and once to publish it.
 */
final class EventFile {
    private static final int GZIP_MAGIC_FIRST = 0x1f;
    private static final int GZIP_MAGIC_SECOND = 0x8b;
    private static final int FIELDS_SHOWN_MAX = 12;

    /** A message is held several times over on its way; this much goes through on a small machine. */
    private static final int LINE_BYTES_MAX = 8 << 20;

    /**
     * One line that is not blank.
     *
     * @param number in the file, from 1
     * @param bytes as they stand in the file, without the line end
     * @param event what they say, empty if they are no event
     * @param key the key field of the event, empty if it has none
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    record Line(int number, byte[] bytes, Optional<UserEvent> event, Optional<String> key) {}

    @FunctionalInterface
    interface LineHandler {
        void handle(Line line) throws IOException, InterruptedException;
    }

    @FunctionalInterface
    private interface Source {
        InputStream open() throws IOException;
    }

    private final String name;
    private final String keyField;
    private final Source source;
    private int events;
    private int unreadable;
    private int withoutKey;
    private int longestLine;

    private EventFile(String name, String keyField, Source source) {
        this.name = name;
        this.keyField = keyField;
        this.source = source;
    }

    /** The changes of a public repository that come with the user service. */
    static EventFile bundled() {
        return new EventFile(
                        "14,012 changes of a public repository, keyed by user",
                        "user",
                        () -> Objects.requireNonNull(
                                UserService.class.getResourceAsStream("events.jsonl.gz"),
                                "events.jsonl.gz is missing from the user service's jar"))
                .inspected();
    }

    /**
     * The user's own events.
     *
     * @throws Problem if the file cannot be read, is empty, or no event of it has the key field
     */
    static EventFile of(Path file, String keyField) {
        if (!Files.exists(file)) {
            throw Problem.usage("There is no file " + file + "; give --events a file with one JSON object a line");
        }
        if (Files.isDirectory(file)) {
            throw Problem.usage(file + " is a directory; give --events a file with one JSON object a line");
        }
        return new EventFile(file.toString(), keyField, () -> Files.newInputStream(file)).inspected();
    }

    String name() {
        return name;
    }

    /** Lines that are not blank. */
    int events() {
        return events;
    }

    /** Events that are no JSON object; they are published as they stand. */
    int unreadable() {
        return unreadable;
    }

    /** Events that can be read and have no key. */
    int withoutKey() {
        return withoutKey;
    }

    /** Bytes of the longest line. */
    int longestLine() {
        return longestLine;
    }

    /** Hands out every line that is not blank, in order. */
    void each(LineHandler handler) throws IOException, InterruptedException {
        try (var in = unpacked(new BufferedInputStream(source.open()))) {
            var number = 0;
            var line = new ByteArrayOutputStream();
            int next;
            while ((next = in.read()) >= 0) {
                if (next == '\n') {
                    hand(++number, line, handler);
                    line.reset();
                } else {
                    line.write(next);
                }
            }
            hand(++number, line, handler);
        }
    }

    private EventFile inspected() {
        Set<String> fields = new LinkedHashSet<>();
        try {
            each(line -> {
                events++;
                longestLine = Math.max(longestLine, lengthOf(line));
                if (line.event().isEmpty()) {
                    unreadable++;
                } else if (line.key().isEmpty()) {
                    withoutKey++;
                    fields.addAll(line.event().get().fields().propertyNames());
                }
            });
        } catch (IOException e) {
            throw Problem.usage("Cannot read " + name + ": " + e.getMessage());
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nothing interrupts this thread", e);
        }
        if (events == 0) {
            throw Problem.usage(name + " has no lines; give --events a file with one JSON object a line");
        }
        if (unreadable == events) {
            throw Problem.usage(
                    "No line of " + name + " is a JSON object; give --events a file with one JSON object a line");
        }
        if (unreadable + withoutKey == events) {
            throw Problem.usage("No event in " + name + " has a field \"" + keyField + "\" for --key; there are: "
                    + String.join(", ", fields.stream().limit(FIELDS_SHOWN_MAX).toList()));
        }
        return this;
    }

    private int lengthOf(Line line) {
        if (line.bytes().length > LINE_BYTES_MAX) {
            throw Problem.usage("Line " + line.number() + " of " + name + " has " + line.bytes().length
                    + " bytes; the demo takes up to " + LINE_BYTES_MAX + " a line");
        }
        return line.bytes().length;
    }

    private void hand(int number, ByteArrayOutputStream line, LineHandler handler)
            throws IOException, InterruptedException {
        var bytes = line.toByteArray();
        if (!new String(bytes, StandardCharsets.ISO_8859_1).isBlank()) {
            var event = event(bytes);
            handler.handle(new Line(number, bytes, event, event.flatMap(some -> some.text(keyField))));
        }
    }

    private static Optional<UserEvent> event(byte[] bytes) {
        try {
            var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return Optional.of(UserEvent.parse(text.toString()));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            // Not an event: published as it stands, so that its handler finds out.
            return Optional.empty();
        }
    }

    private static InputStream unpacked(BufferedInputStream in) throws IOException {
        in.mark(2);
        var gzipped = in.read() == GZIP_MAGIC_FIRST && in.read() == GZIP_MAGIC_SECOND;
        in.reset();
        return gzipped ? new BufferedInputStream(new GZIPInputStream(in)) : in;
    }
}
