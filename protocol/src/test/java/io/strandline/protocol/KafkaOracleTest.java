package io.strandline.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message in every version, filled at random by Kafka's own classes: both sides must agree on each byte. */
class KafkaOracleTest {
    static Stream<OracleMessage> messages() {
        return OracleMessage.all().stream();
    }

    @Test
    void everyMessageThatKafkaHasIsGenerated() {
        var names = messages().map(OracleMessage::name).toList();

        assertThat(names)
                .hasSizeGreaterThan(225)
                .contains("ProduceRequest", "OffsetCommitValue", "TransactionLogValue");
    }

    @ParameterizedTest
    @MethodSource("messages")
    void versionsAreThoseOfKafka(OracleMessage message) {
        assertThat(message.newOurs().lowestVersion()).isEqualTo(message.lowestVersion());
        assertThat(message.newOurs().highestVersion()).isEqualTo(message.highestVersion());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void bothWriteTheSameBytesAndReadEachOther(OracleMessage message) {
        bytesAgree(message, 60);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("messages")
    void bothWriteTheSameBytesAndReadEachOtherManyTimes(OracleMessage message) {
        bytesAgree(message, 500);
    }

    private static void bytesAgree(OracleMessage message, int instances) {
        var random = new RandomKafkaMessage(Seed.randomFor(message.name()));
        for (short version : message.versions()) {
            for (int i = 0; i < instances; i++) {
                bytesAgree(message, version, OracleMessage.write(random.of(message, version), version));
            }
        }
    }

    private static void bytesAgree(OracleMessage message, short version, byte[] kafkas) {
        var ours = message.readOurs(kafkas, version);
        var written = OracleMessage.write(ours, version);

        equal(message, version, kafkas, written);
        assertThat(ours.size(version)).isEqualTo(kafkas.length);
        equal(message, version, kafkas, OracleMessage.write(message.readKafkas(written, version), version));
        assertThat(ours.toString()).startsWith(message.name() + "(");
    }

    private static void equal(OracleMessage message, short version, byte[] expected, byte[] actual) {
        if (!Arrays.equals(expected, actual)) {
            throw new AssertionError("%s v%d, %s%nKafka %s%nours  %s"
                    .formatted(
                            message.name(),
                            version,
                            Seed.asOption(),
                            HexFormat.of().formatHex(expected),
                            HexFormat.of().formatHex(actual)));
        }
    }

    /** Defaults, ignorable fields and those that must not be lost: what was read in one version is written in another. */
    @ParameterizedTest
    @MethodSource("messages")
    void bothAgreeOnWhatAnotherVersionCanExpress(OracleMessage message) {
        var random = new RandomKafkaMessage(Seed.randomFor(message.name() + " across"));
        for (short from : message.versions()) {
            for (int i = 0; i < 15; i++) {
                var bytes = OracleMessage.write(random.of(message, from), from);
                for (short to : message.versions()) {
                    expressedAlike(message, from, to, bytes);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void bothAgreeOnAMessageOfDefaults(OracleMessage message) {
        for (short version : message.versions()) {
            var kafkas = attempt(RuntimeException.class, () -> OracleMessage.write(message.newKafkas(), version));
            var ours = attempt(IllegalStateException.class, () -> OracleMessage.write(message.newOurs(), version));
            alike(message, version, version, kafkas, ours);
        }
    }

    private static void expressedAlike(OracleMessage message, short from, short to, byte[] bytes) {
        var kafkas = attempt(RuntimeException.class, () -> OracleMessage.write(message.readKafkas(bytes, from), to));
        var ours = attempt(IllegalStateException.class, () -> OracleMessage.write(message.readOurs(bytes, from), to));
        alike(message, from, to, kafkas, ours);
    }

    private static void alike(
            OracleMessage message, short from, short to, Optional<byte[]> kafkas, Optional<byte[]> ours) {
        if (kafkas.isPresent() != ours.isPresent()) {
            throw new AssertionError("%s read in v%d, written in v%d: Kafka %s, we %s; %s"
                    .formatted(
                            message.name(),
                            from,
                            to,
                            kafkas.isPresent() ? "writes it" : "refuses",
                            ours.isPresent() ? "write it" : "refuse",
                            Seed.asOption()));
        }
        kafkas.ifPresent(expected -> equal(message, to, expected, ours.get()));
    }

    private interface Writing {
        byte[] bytes();
    }

    private static Optional<byte[]> attempt(Class<? extends RuntimeException> refusal, Writing writing) {
        try {
            return Optional.of(writing.bytes());
        } catch (RuntimeException e) {
            if (!refusal.isInstance(e)) {
                throw e;
            }
            return Optional.empty();
        }
    }
}
