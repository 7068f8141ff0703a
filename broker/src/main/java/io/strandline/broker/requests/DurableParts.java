package io.strandline.broker.requests;

import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.storage.Durability;
import io.strandline.storage.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Parts of one response that wait for the disk (W15). The response waits for all of them, or until its time is over; then each
 * one says for itself what came of it.
 */
final class DurableParts {
    private final List<Part> parts = new ArrayList<>();

    private record Part(Durability durable, Consumer<ErrorCode> failed) {
        void end() {
            var error = WhenDurable.error(durable.state());
            if (error != ErrorCode.NONE) {
                failed.accept(error);
            }
        }
    }

    /** @param failed told why, if it is not on the disk when the response is made */
    void add(Durability durable, Consumer<ErrorCode> failed) {
        parts.add(new Part(durable, failed));
    }

    /**
     * At once where nothing waits.
     *
     * @param limit how long to wait at most
     * @param response asked when each part has said what came of it
     */
    Answer answer(Time time, Duration limit, Supplier<? extends Message> response) {
        if (parts.isEmpty()) {
            return Answer.now(response.get());
        }
        var all = Durability.all(parts.stream().map(Part::durable).toList());
        return new WhenDurable(all, time, limit, any -> {
            parts.forEach(Part::end);
            return response.get();
        });
    }
}
