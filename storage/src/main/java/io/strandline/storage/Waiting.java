package io.strandline.storage;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for a log: a stack without lock, so that a log that nobody uses stays small and the committer never waits
 * for anyone.
 */
final class Waiting {
    private static final int SWEEP_AT = 64;

    private final AtomicReference<@Nullable Node> top = new AtomicReference<>();

    /** What is waited for. */
    interface Until {
        boolean reached();
    }

    private record Node(
            Waiter waiter, Until until, @Nullable Node below, int depth) {}

    /** Wakes the waiter once it is reached, now or at one of the next calls of {@link #wake}. */
    void add(Waiter waiter, Until until) {
        push(waiter, until);
        if (until.reached()) {
            waiter.wake(); // it happened before we were in the stack
        }
        var node = top.get();
        if (node != null && node.depth >= SWEEP_AT && Integer.bitCount(node.depth) == 1) {
            wake(); // drops those that no longer wait
        }
    }

    private void push(Waiter waiter, Until until) {
        top.updateAndGet(below -> new Node(waiter, until, below, below == null ? 1 : below.depth + 1));
    }

    /** Something changed: wakes whose time has come, keeps the others. */
    void wake() {
        for (var node = top.getAndSet(null); node != null; node = node.below) {
            if (node.until.reached()) {
                node.waiter.wake();
            } else if (!node.waiter.isDone()) {
                push(node.waiter, node.until);
                if (node.until.reached()) {
                    node.waiter.wake(); // it happened while the node was in no stack
                }
            }
        }
    }
}
