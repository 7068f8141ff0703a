package io.strandline;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * What other threads ask of the poll thread. It looks here between polls, which are short; waking it up would interrupt
 * whatever call to the broker happens to come next.
 */
final class Commands {
    private final ConcurrentLinkedQueue<Command<?>> queue = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;

    private record Command<T>(Callable<T> work, CompletableFuture<T> result) {
        /** Returns false if a broker did not answer in time. */
        boolean run() {
            try {
                result.complete(work.call());
                return true;
            } catch (Exception e) {
                result.completeExceptionally(e);
                return !(e instanceof TimeoutException);
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

    /** Poll thread. Where a broker hangs, one question has its wait; the others come behind a poll, or a stop. */
    void run() {
        boolean answered = true;
        for (var command = queue.poll(); command != null; command = answered ? queue.poll() : null) {
            answered = command.run();
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
