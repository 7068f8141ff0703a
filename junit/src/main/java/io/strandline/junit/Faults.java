package io.strandline.junit;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a broker will do wrong, request by request. Faults of the same API happen in the order in which they were asked for,
 * each once, to whichever client comes next. Safe for use by all threads.
 */
public final class Faults {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ApiKey, Deque<Fault>> next = new EnumMap<>(ApiKey.class);

    /** So that a broker without faults pays nothing. */
    private volatile boolean any;

    /** One thing that goes wrong. */
    sealed interface Fault {
        /** Nothing is done; the answer is this error wherever the request asked for something. */
        record Refuse(ErrorCode error) implements Fault {}

        /** All is done; the connection breaks before the answer is out. */
        record LoseReply() implements Fault {}
    }

    Faults() {}

    /**
     * The next request of this kind is not carried out and gets this error, for all that it asks for. What an idempotent
     * producer has sent behind a refused PRODUCE does not overtake it: the broker refuses that as well, until the first one
     * comes again.
     *
     * @throws IllegalArgumentException for an API whose errors cannot be made up: the message names those that can
     */
    public Faults next(ApiKey api, ErrorCode error) {
        return next(api, error, 1);
    }

    /** As {@link #next(ApiKey, ErrorCode)}, for so many requests. */
    public Faults next(ApiKey api, ErrorCode error, int times) {
        if (!Refusal.POSSIBLE.contains(api)) {
            throw new IllegalArgumentException("An error of " + api + " cannot be made up; possible are "
                    + Refusal.POSSIBLE + ". loseReply(..) is possible for all");
        }
        if (error == ErrorCode.NONE) {
            throw new IllegalArgumentException("NONE is not an error");
        }
        return add(api, new Fault.Refuse(error), times);
    }

    /**
     * The next request of this kind is carried out in full, and then the connection breaks before its answer: the client
     * cannot know whether it was. This is what retries, idempotence and "it may be stored" are about.
     */
    public Faults loseReply(ApiKey api) {
        return add(api, new Fault.LoseReply(), 1);
    }

    /** Faults of this API that have not happened yet. */
    public int outstanding(ApiKey api) {
        lock.lock();
        try {
            var faults = next.get(api);
            return faults == null ? 0 : faults.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whatever has not happened yet does not. */
    public void clear() {
        lock.lock();
        try {
            next.clear();
            any = false;
        } finally {
            lock.unlock();
        }
    }

    private Faults add(ApiKey api, Fault fault, int times) {
        lock.lock();
        try {
            var faults = next.computeIfAbsent(api, key -> new ArrayDeque<>());
            for (int i = 0; i < times; i++) {
                faults.add(fault);
            }
            any = true;
            return this;
        } finally {
            lock.unlock();
        }
    }

    boolean any() {
        return any;
    }

    Optional<Fault> take(ApiKey api) {
        lock.lock();
        try {
            var faults = next.get(api);
            if (faults == null) {
                return Optional.empty();
            }
            var fault = faults.remove();
            if (faults.isEmpty()) {
                next.remove(api);
                any = !next.isEmpty();
            }
            return Optional.of(fault);
        } finally {
            lock.unlock();
        }
    }
}
