package io.strandline.broker.net;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.strandline.storage.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ListenerTest {
    /** The port used to be free a few milliseconds late, in about one of 25 cases. */
    private static final int ROUNDS = 300;

    @Test
    @Timeout(60)
    void thePortIsFreeWhenCloseReturns() throws Exception {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort());
        for (int round = 0; round < ROUNDS; round++) {
            assertThatCode(() -> listenOnce(address)).as("round %d", round).doesNotThrowAnyException();
        }
    }

    private static void listenOnce(InetSocketAddress address) throws IOException {
        try (var listener = listen(address);
                var client = new Socket(address.getAddress(), listener.address().getPort())) {
            client.setTcpNoDelay(true); // it has connected
            listener.close(Duration.ZERO);
        }
    }

    private static int freePort() throws IOException {
        try (var listener = listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            return listener.address().getPort();
        }
    }

    private static Listener listen(InetSocketAddress address) throws IOException {
        return Listener.open(
                address,
                new Listener.Shared(
                        NetSettings.defaults(),
                        (frame, session) -> {
                            throw new AssertionError("Nothing is asked here");
                        },
                        new RequestMemory(1 << 20),
                        new ConnectionThreads(4),
                        new Complaints(Time.SYSTEM),
                        Time.SYSTEM));
    }
}
