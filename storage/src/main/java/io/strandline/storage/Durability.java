package io.strandline.storage;

import java.util.List;

/**
 * Something that will be on the disk, or never: the thing a reply waits for. Safe for use by any thread.
 */
public interface Durability {

    /** Where it stands. Changes once, from {@link #PENDING}. */
    enum State {
        /** Not on the disk yet. */
        PENDING,
        /** On the disk, in the sense of the store's {@link DurabilityMode}. */
        DURABLE,
        /** The store has failed or is closed: it may be on the disk or not, and must not be acknowledged. */
        FAILED,
        /** The topic was deleted meanwhile. */
        GONE
    }

    /** Where it stands now. Never blocks. */
    State state();

    /** Wakes the waiter when the state is no longer {@link State#PENDING}; at once when it is so already. */
    void notify(Waiter waiter);

    /** All of them: durable when each is, failed or gone as soon as one is. */
    static Durability all(List<? extends Durability> parts) {
        var all = List.copyOf(parts);
        return new Durability() {
            @Override
            public State state() {
                var result = State.DURABLE;
                for (var part : all) {
                    switch (part.state()) {
                        case FAILED -> {
                            return State.FAILED;
                        }
                        case GONE -> {
                            return State.GONE;
                        }
                        case PENDING -> result = State.PENDING;
                        case DURABLE -> {}
                    }
                }
                return result;
            }

            @Override
            public void notify(Waiter waiter) {
                all.forEach(part -> part.notify(waiter));
            }
        };
    }
}
