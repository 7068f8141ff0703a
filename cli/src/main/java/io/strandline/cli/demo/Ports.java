package io.strandline.cli.demo;

import io.strandline.cli.Problem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Finds a port for a broker that has to keep it while it is down. */
final class Ports {
    /** Below the range from which systems take the ports of clients, or a client that reconnects could sit on it. */
    private static final int MIN = 20_000;

    private static final int MAX = 30_000;
    private static final int ATTEMPTS = 100;

    private Ports() {}

    static int free() {
        for (var attempt = 0; attempt < ATTEMPTS; attempt++) {
            var port = ThreadLocalRandom.current().nextInt(MIN, MAX);
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                // Someone has it; another one then.
            }
        }
        throw Problem.failed("No free port between " + MIN + " and " + MAX + " on the loopback address");
    }
}
