package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class FlightRecordingTest {
    private static final Instant NOON = Instant.parse("2026-11-27T12:00:00Z");
    private static final Partition AT = Partition.of("orders", 3);

    @TempDir
    private Path directory;

    private final EventBus bus = new EventBus(Time.system());

    private List<RecordedEvent> recorded(Recording recording) throws IOException {
        recording.stop();
        var file = directory.resolve("test.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("strandline."))
                .toList();
    }

    /** With something in every component. */
    private static Event sample(Class<? extends Event> type) {
        try {
            var components = type.getRecordComponents();
            var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            var values =
                    Arrays.stream(components).map(each -> value(each.getType())).toArray();
            var constructor = type.getDeclaredConstructor(types);
            return type.cast(constructor.newInstance(values));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(type + ": " + e, e);
        }
    }

    private static Object value(Class<?> type) {
        return Map.<Class<?>, Object>ofEntries(
                        Map.entry(Instant.class, NOON),
                        Map.entry(String.class, "text"),
                        Map.entry(Partition.class, AT),
                        Map.entry(Set.class, Set.of(AT)),
                        Map.entry(Map.class, Map.of(AT, 7L)),
                        Map.entry(List.class, List.of(AT)),
                        Map.entry(Duration.class, Duration.ofMillis(5)),
                        Map.entry(Throwable.class, new IllegalStateException("why")),
                        Map.entry(Ack.class, new Ack("letters", 1, 42, NOON)),
                        Map.entry(Optional.class, Optional.of("billing")),
                        Map.entry(long.class, 7L),
                        Map.entry(int.class, 3),
                        Map.entry(boolean.class, true))
                .get(type);
    }

    @Test
    void everyKindOfEventIsFoundInARecordingWithAllThatItSays() throws IOException {
        var kinds = FlightRecording.kinds(Event.class).stream().distinct().toList();
        assertThat(kinds).hasSizeGreaterThan(25).contains(Event.Committed.class, Event.Missed.class);
        try (var recording = new Recording()) {
            recording.enable("strandline.Sent");
            recording.start();
            kinds.forEach(kind -> bus.raise(sample(kind)));
            var found = recorded(recording);
            assertThat(found)
                    .extracting(event -> event.getEventType().getName())
                    .containsExactlyInAnyOrderElementsOf(kinds.stream()
                            .map(kind -> "strandline." + kind.getSimpleName())
                            .toList());
            for (var event : found) {
                var fields = event.getFields().stream()
                        .filter(field -> !field.getName().equals("stackTrace"))
                        .map(field -> field.getName() + "=" + event.getValue(field.getName()))
                        .collect(Collectors.joining(" "));
                assertThat(fields).as(event.getEventType().getName()).doesNotContain("=null");
            }
            assertThat(the(found, "Retrying").getString("partition")).isEqualTo("orders-3");
            assertThat(the(found, "Retrying").getDuration("in")).isEqualTo(Duration.ofMillis(5));
            assertThat(the(found, "Retrying").getString("why"))
                    .contains("IllegalStateException")
                    .contains("why");
            assertThat(the(found, "DeadLettered").getString("toTopic")).isEqualTo("letters");
            assertThat(the(found, "DeadLettered").getLong("toOffset")).isEqualTo(42);
            assertThat(the(found, "Committed").getString("offsets")).contains("orders-3", "7");
            assertThat(the(found, "Redriven").getString("onlyFor")).isEqualTo("billing");
            assertThat(the(found, "Revoked").getBoolean("lost")).isTrue();
        }
    }

    private static RecordedEvent the(List<RecordedEvent> all, String kind) {
        return all.stream()
                .filter(event -> event.getEventType().getName().equals("strandline." + kind))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anExceptionThatCannotSayWhatItIsBreaksNothing() throws IOException {
        try (var recording = new Recording()) {
            recording.start();
            bus.raise(new Event.Unsent(NOON, "orders", new IllegalStateException() {
                @Override
                public String toString() {
                    throw new UnsupportedOperationException("on purpose");
                }
            }));
            bus.raise(new Event.ProducerConnected(NOON));
            assertThat(recorded(recording))
                    .extracting(event -> event.getEventType().getName())
                    .contains("strandline.ProducerConnected");
        }
    }

    @Test
    void oneEventForEachMessageIsMadeOnlyForWhoNamesIt() {
        assertThat(bus.wanted(Event.Sent.class)).isFalse();
        try (var recording = new Recording()) {
            recording.start();
            assertThat(bus.wanted(Event.Polled.class)).isTrue();
            assertThat(bus.wanted(Event.Sent.class)).isFalse();
            recording.enable("strandline.Sent");
            assertThat(bus.wanted(Event.Sent.class)).isTrue();
        }
        assertThat(bus.wanted(Event.Sent.class)).isFalse();
        assertThat(bus.wanted(Event.Polled.class)).isFalse();
    }

    /** Raises an event and says which classes of the mapping the JVM has loaded. */
    static final class Program {
        public static void main(String[] args) throws Exception {
            var bus = new EventBus(Time.system());
            var seen = new java.util.concurrent.CompletableFuture<Event>();
            var unused = bus.on(seen::complete);
            bus.raise(new Event.ProducerConnected(NOON));
            System.out.println(seen.get(30, TimeUnit.SECONDS));
            bus.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"java.se", "java.se,jdk.jfr"})
    void withoutARecordingNothingOfItIsLoadedAndWithoutTheModuleEventsGoOn(String modules) throws Exception {
        var child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--limit-modules",
                        modules,
                        "-Xlog:class+load:file=" + directory.resolve("loaded"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Program.class.getName())
                .redirectErrorStream(true)
                .start();
        try (var output = child.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.lines().toList()).anyMatch(line -> line.contains("ProducerConnected"));
        }
        assertThat(child.waitFor()).isZero();
        assertThat(java.nio.file.Files.readString(directory.resolve("loaded")))
                .contains("io.strandline.EventBus")
                .doesNotContain("io.strandline.FlightRecording ")
                .doesNotContain("jdk.jfr.internal.PlatformRecorder ");
    }
}
