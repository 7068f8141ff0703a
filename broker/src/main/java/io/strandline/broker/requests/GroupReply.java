package io.strandline.broker.requests;

import io.strandline.broker.groups.ConsumerOffsets;
import io.strandline.broker.groups.PendingAnswer;
import io.strandline.broker.groups.Settled;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.storage.Durability;
import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a group says, on its way to a client: it may wait for other members, whose patience the group itself limits, and then
 * waits for the disk to know everything that the answer knows (W15). If the disk does not get there in time, the client is told
 * to come again. So is a client that asks while the broker stops: groups that have been stopped know nobody, and a member that
 * heard so would give up its id, its partitions and its place.
 */
final class GroupReply<T> implements Answer {
    /** {@code offset.commit.timeout.ms}: how long a client waits for our disk. */
    private static final Duration DISK_LIMIT = Duration.ofSeconds(5);

    private static final Duration NO_LIMIT = Duration.ofDays(365);

    private final Waiter waiter;
    private final Supplier<Optional<Settled<T>>> answer;
    private final ConsumerOffsets log;
    private final Time time;
    private final Function<T, Message> response;
    private final Function<ErrorCode, Message> failure;

    /** Asked after the answer was given, so an answer of groups that were stopped already is never told. */
    private final boolean stopped;

    private @Nullable Durability durability;
    private @Nullable Deadline deadline;

    private GroupReply(
            Node node,
            Waiter waiter,
            Supplier<Optional<Settled<T>>> answer,
            Function<T, Message> response,
            Function<ErrorCode, Message> failure) {
        this.waiter = waiter;
        this.answer = answer;
        this.log = node.consumerOffsets();
        this.time = node.time();
        this.response = response;
        this.failure = failure;
        this.stopped = node.groups().stopped();
    }

    /**
     * The reply to a request that others may have to complete.
     *
     * @param start hands the answer over to whoever will settle it
     * @param response makes the response once the answer may be told
     * @param failure makes the response when the disk does not go along
     */
    static <T> Answer to(
            Node node,
            Consumer<PendingAnswer<T>> start,
            Function<T, Message> response,
            Function<ErrorCode, Message> failure) {
        var waiter = new Waiter();
        var pending = new PendingAnswer<T>(waiter::wake);
        start.accept(pending);
        return new GroupReply<>(node, waiter, pending::answer, response, failure);
    }

    /** The reply to a request that the group has answered at once. */
    static <T> Answer of(
            Node node, Settled<T> answer, Function<T, Message> response, Function<ErrorCode, Message> failure) {
        return new GroupReply<>(node, new Waiter(), () -> Optional.of(answer), response, failure);
    }

    @Override
    public boolean ready() {
        return stopped
                || disk().map(disk -> disk.state() != Durability.State.PENDING).orElse(false)
                || deadline != null && deadline.isOver();
    }

    @Override
    public Waiter waiter() {
        return waiter;
    }

    @Override
    public Duration remaining() {
        return deadline == null ? NO_LIMIT : deadline.remaining();
    }

    @Override
    public Result result() {
        if (stopped) {
            return new Result.Respond(failure.apply(ErrorCode.NOT_COORDINATOR));
        }
        boolean durable =
                disk().filter(disk -> disk.state() == Durability.State.DURABLE).isPresent();
        return new Result.Respond(
                durable
                        ? response.apply(answer.get().orElseThrow().value())
                        : failure.apply(ErrorCode.COORDINATOR_NOT_AVAILABLE));
    }

    /** A broker that stops has told those who wait for others already; who waits for the disk is waited for. */
    @Override
    public boolean droppable() {
        return answer.get().isEmpty();
    }

    /** What is still to become durable; absent as long as the answer itself is not known. */
    private Optional<Durability> disk() {
        if (durability == null) {
            answer.get().ifPresent(settled -> {
                var disk = log.durable(settled.durableFrom());
                disk.notify(waiter); // before anybody looks at it, so no wake is lost
                durability = disk;
                deadline = new Deadline(time, DISK_LIMIT);
            });
        }
        return Optional.ofNullable(durability);
    }
}
