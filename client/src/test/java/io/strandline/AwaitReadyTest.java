package io.strandline;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who waits for a broker that will never answer. */
@Timeout(60)
class AwaitReadyTest {
    private static final int FIRST_BYTE_OF_TLS = 0x16;

    /** What TLS says to whom it will not talk to: an alert, fatal, that the handshake has failed. */
    private static final byte[] ALERT = {0x15, 3, 3, 0, 2, 2, 40};

    /** Speaks TLS, though not to us. */
    private static final class TlsOnly implements AutoCloseable {
        private final ServerSocket server;

        TlsOnly() throws IOException {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofPlatform().daemon().start(this::accept);
        }

        String address() {
            return "127.0.0.1:" + server.getLocalPort();
        }

        private void accept() {
            try {
                while (true) {
                    var client = server.accept();
                    Thread.ofPlatform().daemon().start(() -> answer(client));
                }
            } catch (IOException e) {
                // Closed: the test is over.
            }
        }

        private static void answer(Socket client) {
            try (client) {
                if (client.getInputStream().read() == FIRST_BYTE_OF_TLS) {
                    client.getOutputStream().write(ALERT);
                    client.getOutputStream().flush();
                    client.shutdownOutput();
                    client.getInputStream().readAllBytes(); // closed at once, what was not read would reset it
                }
            } catch (IOException e) {
                // It has hung up.
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    @Test
    void isToldWhyAlsoWhereTheThreadsThatAllShareAreAllWaiting() throws Exception {
        var goOn = new CountDownLatch(1);
        for (int i = 0; i < 2 * ForkJoinPool.getCommonPoolParallelism() + 2; i++) {
            var unused = ForkJoinPool.commonPool().submit(() -> goOn.await(60, TimeUnit.SECONDS));
        }
        try (var server = new TlsOnly()) {
            // Not closed: that waits for what was asked, to the end of its time.
            var kafka = Kafka.connect(server.address());
            assertThatThrownBy(() -> kafka.awaitReady(Duration.ofSeconds(20)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("speaks TLS, and we do not");
        } finally {
            goOn.countDown();
        }
    }
}
