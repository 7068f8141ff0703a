package io.strandline.jdbc;

import io.strandline.Outgoing;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** Notes what it is given; the test says what becomes of it. */
final class FakeProducer implements OutboxRelay.Sender {
    /** Values, in the order in which they were sent. */
    final List<String> begun = new CopyOnWriteArrayList<>();

    final List<String> acknowledged = new CopyOnWriteArrayList<>();
    private final Function<String, CompletableFuture<?>> answer;

    /** @param answer by the value: how the sending ends */
    FakeProducer(Function<String, CompletableFuture<?>> answer) {
        this.answer = answer;
    }

    @Override
    public CompletableFuture<?> send(Outgoing<byte[], byte[]> message) {
        var value = new String(message.value(), StandardCharsets.UTF_8);
        begun.add(value);
        return answer.apply(value).thenApply(ok -> acknowledged.add(value));
    }
}
