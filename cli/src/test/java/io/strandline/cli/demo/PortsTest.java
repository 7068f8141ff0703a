package io.strandline.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.cli.demo.Ports.Range;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PortsTest {
    @Test
    void aPortThatAnotherJvmHasIsNotGivenUntilThatEnds() throws Exception {
        var other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherJvm.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var said = other.inputReader(StandardCharsets.UTF_8)) {
            int port = Integer.parseInt(said.readLine());
            assertThat(Ports.reserve(port)).as("while it lives").isFalse();
            other.getOutputStream().close();
            other.waitFor();
            assertThat(Ports.reserve(port)).as("after its end").isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    /** Says which port it got, and ends when its standard input does. */
    static final class OtherJvm {
        private OtherJvm() {}

        public static void main(String... arguments) throws IOException {
            System.out.println(Ports.free());
            System.in.read();
        }
    }

    @Test
    void aPortThatNobodyListensAtIsNotGivenASecondTime() {
        var given = new CopyOnWriteArrayList<Integer>();
        IntStream.range(0, 400).parallel().forEach(n -> given.add(Ports.free()));
        assertThat(given).doesNotHaveDuplicates();
    }

    @Test
    void aPortIsNoneThatTheKernelGivesToClients() {
        assertThat(Ports.besides(new Range(32_768, 60_999))).isEqualTo(new Range(20_000, 32_000));
        assertThat(Ports.besides(new Range(15_000, 60_999))).isEqualTo(new Range(1024, 14_999));
        assertThat(Ports.besides(new Range(1024, 60_000))).isEqualTo(new Range(60_001, 65_535));
    }

    @Test
    void whereTheKernelHasAllOfThemOursAreAsGoodAsAny() {
        for (var kernel : List.of(new Range(1024, 65_535), new Range(1100, 65_535))) {
            assertThat(Ports.besides(kernel)).isEqualTo(new Range(20_000, 32_000));
        }
    }
}
