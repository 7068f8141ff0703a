package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class SerdeTest {
    enum Kind {
        SMALL,
        LARGE
    }

    record Order(String id, long cents, Kind kind, Instant at, List<String> tags) {}

    private final Serde<Order> json = Serde.json(Order.class);

    private Order read(String text) {
        return json.deserialize("orders", text.getBytes(UTF_8), Headers.none());
    }

    @Test
    void aRecordGoesOutAsJsonAndComesBack() {
        var order = new Order("o-1", 4200, Kind.LARGE, Instant.parse("2026-11-23T08:00:00Z"), List.of("a", "b"));
        var bytes = json.serialize("orders", order, Headers.none());
        assertThat(new String(bytes, UTF_8))
                .contains("\"2026-11-23T08:00:00Z\"")
                .contains("\"LARGE\"");
        assertThat(json.deserialize("orders", bytes, Headers.none())).isEqualTo(order);
    }

    @Test
    void unknownFieldsAreIgnoredAndMissingPrimitivesAreNot() {
        assertThat(read("{\"id\":\"o\",\"cents\":1,\"colour\":\"red\"}").cents())
                .isEqualTo(1);
        assertThatThrownBy(() -> read("{\"id\":\"o\"}")).hasMessageContaining("cents");
    }

    @Test
    void whatIsNotOneJsonValueIsRefused() {
        assertThatThrownBy(() -> read("no json"));
        assertThatThrownBy(() -> read("{\"id\":\"o\",\"cents\":1} {}"));
        assertThatThrownBy(() -> read("null")).hasMessageContaining("tombstone");
    }

    @Test
    void textThatIsNoUtf8IsRefusedInsteadOfReplaced() {
        byte[] latin1 = {'a', (byte) 0xe4};
        assertThatThrownBy(() -> Serde.string().deserialize("t", latin1, Headers.none()))
                .hasMessageContaining("not UTF-8");
        var withReplacement = "a\uFFFDb".getBytes(UTF_8);
        assertThat(Serde.string().deserialize("t", withReplacement, Headers.none()))
                .isEqualTo("a\uFFFDb");
    }
}
