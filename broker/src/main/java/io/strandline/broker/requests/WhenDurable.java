package io.strandline.broker.requests;

import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.storage.Durability;
import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.time.Duration;
import java.util.function.Function;

/** An answer that is given when something is on the disk, or when it is clear that it will not be in time (W15). */
public final class WhenDurable implements Answer {
    private final Durability durability;
    private final Deadline deadline;
    private final Function<ErrorCode, Message> response;
    private final Waiter waiter = new Waiter();

    /**
     * @param limit how long to wait at most
     * @param response makes the response; is told NONE when it is durable, KAFKA_STORAGE_ERROR when it never will be,
     *     REQUEST_TIMED_OUT when it is not yet
     */
    public WhenDurable(Durability durability, Time time, Duration limit, Function<ErrorCode, Message> response) {
        this.durability = durability;
        this.deadline = new Deadline(time, limit);
        this.response = response;
        durability.notify(waiter); // before the first look, so no wake is lost
    }

    @Override
    public boolean ready() {
        return durability.state() != Durability.State.PENDING || deadline.isOver();
    }

    @Override
    public Waiter waiter() {
        return waiter;
    }

    @Override
    public Duration remaining() {
        return deadline.remaining();
    }

    @Override
    public Result result() {
        return new Result.Respond(response.apply(error(durability.state())));
    }

    /** What to tell a client about something that it has been waiting for until now. */
    static ErrorCode error(Durability.State state) {
        return switch (state) {
            case DURABLE -> ErrorCode.NONE;
            case PENDING -> ErrorCode.REQUEST_TIMED_OUT;
            case FAILED -> ErrorCode.KAFKA_STORAGE_ERROR;
            case GONE -> ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        };
    }
}
