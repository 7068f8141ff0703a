package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Kafka;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@StrandlineTest
class UserServiceProgramTest {
    @Test
    @Timeout(120)
    void theCompleteProgramHandlesItsEventAndEndsInOrderAtSigterm(StrandlineBroker broker, Kafka kafka)
            throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(
                        java,
                        "-cp",
                        System.getProperty("java.class.path"),
                        UserServiceProgram.class.getName(),
                        broker.bootstrapServers())
                .redirectErrorStream(true)
                .start();
        try (var output = process.inputReader(StandardCharsets.UTF_8)) {
            var line = output.readLine();
            while (line != null && !line.startsWith("processed")) {
                line = output.readLine();
            }
            assertThat(line).contains("user-123").contains("signed-up");
            process.destroy();
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
        assertThat(kafka.admin().committed("user-service-handlers").values()).contains(1L);
    }
}
