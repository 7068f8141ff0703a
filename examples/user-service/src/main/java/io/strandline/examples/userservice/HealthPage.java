package io.strandline.examples.userservice;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.strandline.Health;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/** {@code GET /health}: 200 when the service can work, 503 when it cannot, with what was looked at. On loopback only. */
final class HealthPage implements AutoCloseable {
    private final HttpServer server;
    private final Supplier<Health> health;

    private HealthPage(HttpServer server, Supplier<Health> health) {
        this.server = server;
        this.health = health;
    }

    /** @param port 0 for any free one */
    static HealthPage open(int port, Supplier<Health> health) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        var page = new HealthPage(server, health);
        server.createContext("/health", page::answer);
        server.start();
        return page;
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var reading = health.get();
            var body = JsonMapper.shared().writeValueAsBytes(reading);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(reading.ready() ? 200 : 503, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
