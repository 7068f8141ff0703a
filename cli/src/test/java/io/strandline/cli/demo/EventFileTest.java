package io.strandline.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.cli.Problem;
import io.strandline.examples.userservice.UserEvent;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    @TempDir
    private Path directory;

    @Test
    void theBundledEventsAreThere() {
        var events = EventFile.bundled();

        assertThat(events.events()).isEqualTo(14_012);
        assertThat(events.unreadable()).isZero();
        assertThat(events.withoutKey()).isZero();
    }

    @Test
    void linesKeepTheirBytesTheirNumberAndTheirKey() throws Exception {
        var lines = lines(EventFile.of(file("{\"who\":\"ann\",\"n\":1.0}\r\n\n  {\"who\": 7}"), "who"));

        assertThat(lines).extracting(EventFile.Line::number).containsExactly(1, 3);
        assertThat(lines.get(0).bytes()).asString(StandardCharsets.UTF_8).isEqualTo("{\"who\":\"ann\",\"n\":1.0}\r");
        assertThat(lines.get(0).key()).contains("ann");
        assertThat(lines.get(1).key()).contains("7");
    }

    @Test
    void aGzippedFileIsUnpackedWhateverItsName() throws Exception {
        var path = directory.resolve("events.data");
        try (var out = new GZIPOutputStream(new FileOutputStream(path.toFile()))) {
            out.write("{\"who\":\"ann\"}\n{\"who\":\"bob\"}\n".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(EventFile.of(path, "who").events()).isEqualTo(2);
    }

    @Test
    void whatIsNoJsonObjectIsNoEvent() throws Exception {
        var path = directory.resolve("events.jsonl");
        try (var out = Files.newOutputStream(path)) {
            out.write("{\"who\":\"ann\"}\n{\"who\":\n[1]\n\"text\"\n{\"a\":1}{\"b\":2}\nnull\n"
                    .getBytes(StandardCharsets.UTF_8));
            out.write(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}', '\n'});
        }

        var events = EventFile.of(path, "who");

        assertThat(events.events()).isEqualTo(7);
        assertThat(events.unreadable()).isEqualTo(6);
    }

    @Test
    void anEventWithoutTheKeyIsCounted() throws Exception {
        var events = EventFile.of(file("{\"who\":\"ann\"}\n{\"n\":1}\n{\"who\":null}\n{\"who\":{}}\n"), "who");

        assertThat(events.withoutKey()).isEqualTo(3);
        assertThat(lines(events)).extracting(line -> line.key().isPresent()).containsExactly(true, false, false, false);
    }

    @Test
    void aFieldThatNoEventHasIsRefusedWithThoseThatThereAre() throws Exception {
        var path = file("{\"who\":\"ann\",\"n\":1}\n{\"m\":1}\n");

        assertThatThrownBy(() -> EventFile.of(path, "user"))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.exitCode()).isEqualTo(Problem.USAGE))
                .hasMessage("No event in " + path + " has a field \"user\" for --key; there are: who, n, m");
    }

    @Test
    void filesThatCannotBeEventsAreRefused() throws Exception {
        assertThatThrownBy(() -> EventFile.of(directory.resolve("none"), "who"))
                .isInstanceOf(Problem.class)
                .hasMessageStartingWith("There is no file " + directory.resolve("none"));
        assertThatThrownBy(() -> EventFile.of(directory, "who"))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("is a directory");
        assertThatThrownBy(() -> EventFile.of(file("\n \n"), "who"))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("has no lines");
        assertThatThrownBy(() -> EventFile.of(file("{}\n" + "x".repeat((8 << 20) + 1)), "who"))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("Line 2 ")
                .hasMessageContaining("8388609 bytes");
        assertThatThrownBy(() -> EventFile.of(file("hello\n"), "who"))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("is a JSON object");
    }

    @Test
    void aSpoiledEventIsNeverAnEvent() {
        for (var text : List.of("{}", "{\"a\":1}", "{\"a\":1}          ", "{\"a\":{}}\r", "{\"a\":\"}\"}")) {
            var cut = new String(Spoiler.cut(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);

            assertThatThrownBy(() -> UserEvent.parse(cut)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void spoiledEventsAreExactlyAsManyAsAskedForAndSpread() {
        var spoiler = new Spoiler(14_012, 7);
        var picked = new ArrayList<Integer>();
        for (var event = 0; event < 14_012; event++) {
            if (spoiler.next()) {
                picked.add(event);
            }
        }

        assertThat(picked).hasSize(7);
        assertThat(picked.get(0)).isLessThan(2_500);
        assertThat(picked.get(6)).isGreaterThan(11_000);
    }

    private Path file(String content) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "events", ".jsonl"), content);
    }

    private static List<EventFile.Line> lines(EventFile file) throws Exception {
        var lines = new ArrayList<EventFile.Line>();
        file.each(lines::add);
        return lines;
    }
}
