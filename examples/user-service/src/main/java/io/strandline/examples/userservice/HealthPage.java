package io.strandline.examples.userservice;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.strandline.Figures;
import io.strandline.Health;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code GET /health}: 200 when the service can work, 503 when it cannot, with what was looked at. {@code GET /metrics}:
 * counts, latencies, error rates and lag, in the text format of Prometheus. On loopback only.
 */
final class HealthPage implements AutoCloseable {
    private final HttpServer server;
    private final Supplier<Health> health;
    private final Figures figures;

    private HealthPage(HttpServer server, Supplier<Health> health, Figures figures) {
        this.server = server;
        this.health = health;
        this.figures = figures;
    }

    /** @param port 0 for any free one */
    static HealthPage open(int port, Supplier<Health> health, Figures figures) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        var page = new HealthPage(server, health, figures);
        server.createContext("/health", page::health);
        server.createContext("/metrics", page::metrics);
        server.start();
        return page;
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void health(HttpExchange exchange) throws IOException {
        var reading = health.get();
        answer(
                exchange,
                reading.ready() ? 200 : 503,
                "application/json",
                JsonMapper.shared().writeValueAsBytes(reading));
    }

    private void metrics(HttpExchange exchange) throws IOException {
        var text = text(figures.snapshot()).getBytes(StandardCharsets.UTF_8);
        answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    static String text(Figures.Snapshot now) {
        var lines = new StringBuilder();
        write(lines, "sent", "", now.sent());
        now.handled().forEach((group, work) -> write(lines, "handled", "{group=\"" + group + "\"}", work));
        now.lag()
                .forEach((group, lag) -> lag.forEach((partition, messages) -> lines.append("strandline_lag{group=\"")
                        .append(group)
                        .append("\",partition=\"")
                        .append(partition)
                        .append("\"} ")
                        .append(messages)
                        .append('\n')));
        return lines.toString();
    }

    private static void write(StringBuilder lines, String what, String labels, Figures.Work work) {
        var name = "strandline_" + what;
        lines.append(name + "_failed_total" + labels + ' ' + work.failed() + '\n')
                .append(name + "_seconds_count" + labels + ' ' + work.done() + '\n')
                .append(name + "_seconds_sum" + labels + ' ' + work.took().toNanos() / 1e9 + '\n')
                .append(name + "_seconds_max" + labels + ' ' + work.longest().toNanos() / 1e9 + '\n');
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
