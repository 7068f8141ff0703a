package io.strandline.broker.groups;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An answer that depends on others: on members who have not joined yet, on the leader's assignment, on time. It is settled
 * exactly once. Safe for any thread.
 */
public final class PendingAnswer<T> {
    private final Runnable wake;
    private volatile @Nullable Settled<T> answer;

    /** @param wake called after the answer is there; runs under the group's lock, so it does no more than unpark a thread */
    public PendingAnswer(Runnable wake) {
        this.wake = wake;
    }

    /** The answer, once it is known. It may still have to wait for the disk. */
    public Optional<Settled<T>> answer() {
        return Optional.ofNullable(answer);
    }

    void settle(T value, long durableFrom) {
        if (answer != null) {
            throw new IllegalStateException("Answered twice: first " + answer + ", then " + value);
        }
        answer = new Settled<>(value, durableFrom);
        wake.run();
    }
}
