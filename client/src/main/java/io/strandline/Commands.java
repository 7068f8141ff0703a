package io.strandline;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/**
 * What other threads ask of the poll thread. It looks here between polls, which are short; waking it up would interrupt
 * whatever call to the broker happens to come next.
 */
final class Commands {
    private final ConcurrentLinkedQueue<Command<?>> queue = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;

    private record Command<T>(Callable<T> work, CompletableFuture<T> result) {
        void run() {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        }

        void refuse() {
            result.completeExceptionally(new IllegalStateException("This consumer has stopped"));
        }
    }

    <T> CompletableFuture<T> ask(Callable<T> work) {
        var command = new Command<>(work, new CompletableFuture<T>());
        queue.add(command);
        if (ended) {
            refuseAll(); // nobody will look any more
        }
        return command.result;
    }

    /** Waits for it; never on the poll thread. */
    static <T> T answer(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Poll thread. */
    void run() {
        for (var command = queue.poll(); command != null; command = queue.poll()) {
            command.run();
        }
    }

    /** Poll thread, at its end. */
    void end() {
        ended = true;
        refuseAll();
    }

    private void refuseAll() {
        for (var command = queue.poll(); command != null; command = queue.poll()) {
            command.refuse();
        }
    }
}
