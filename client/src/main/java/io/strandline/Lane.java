package io.strandline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * Hands messages to the handler one at a time and in order. A message that fails stays first in line until it is done,
 * thrown away, or stored as a dead letter; what comes behind it waits.
 *
 * <p>There is a virtual thread only while there is something to do: none waits for a retry, the poll thread starts one
 * when it is due. All fields are guarded by the tenure's lock.
 */
final class Lane {
    private static final Retry DEAD_LETTER_RETRY =
            Retry.exponential(Duration.ofMillis(200), Duration.ofSeconds(30)).forever();
    private static final int STACK_LINES_MAX = 40;
    private static final Step REST = new Step.Rest();

    private final Tenure tenure;
    private final ConsumerSettings.Subscription<?, ?> subscription;
    private final MemberContext member;
    private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();

    /** What must be done before the next message is taken: a message that failed, or its dead letter. */
    private @Nullable Step first;

    private Doing doing = new Doing.Nothing();

    /** What one poll gave; its offsets are finished with the tracker that knows them. */
    static final class Chunk {
        private final List<ConsumerRecord<byte[], byte[]>> records;
        private final OffsetTracker tracker;
        private int next;

        Chunk(List<ConsumerRecord<byte[], byte[]>> records, OffsetTracker tracker) {
            this.records = records;
            this.tracker = tracker;
        }
    }

    /** A handler at work. */
    record Busy(long offset, int attempt, Duration time) {}

    /** A message and how often it was tried; {@code attempt} is the one that is next or running. */
    private record Task(ConsumerRecord<byte[], byte[]> record, OffsetTracker tracker, int attempt, long begun) {
        Task again() {
            return new Task(record, tracker, attempt + 1, begun);
        }
    }

    /** What the lane's thread does next. */
    private sealed interface Step {
        record Handle(Task task) implements Step {}

        record WriteDeadLetter(Task task, String topic, Throwable why, int failed, Optional<Throwable> lastFailure)
                implements Step {}

        record Rest() implements Step {}
    }

    /** What it is doing right now. */
    private sealed interface Doing {
        record Nothing() implements Doing {}

        /** A thread was asked for and has not begun. */
        record Starting() implements Doing {}

        record Handling(Task task, long since, Thread thread) implements Doing {}

        record Writing(Step.WriteDeadLetter write, long since, Thread thread) implements Doing {}

        record Waiting(Step then, long due, Throwable why) implements Doing {}
    }

    Lane(Tenure tenure, ConsumerSettings.Subscription<?, ?> subscription, MemberContext member) {
        this.tenure = tenure;
        this.subscription = subscription;
        this.member = member;
    }

    void add(Chunk chunk) {
        if (!chunk.records.isEmpty()) {
            chunks.add(chunk);
            wake();
        }
    }

    /** Asks for a thread if there is something to do and none is at it. */
    void wake() {
        boolean something = first != null || !chunks.isEmpty();
        if (doing instanceof Doing.Nothing && something && tenure.takesNew() && !tenure.held()) {
            doing = new Doing.Starting();
            member.threads().start("strandline-" + member.group() + "-" + tenure.partition(), this::run);
        }
    }

    /**
     * Lets the message go on whose time has come.
     *
     * @return nanoseconds until something is due; the largest number if nothing waits
     */
    long tick(long now) {
        if (doing instanceof Doing.Waiting(Step then, long due, Throwable why)) {
            if (due - now > 0) {
                return due - now;
            }
            first = then;
            doing = new Doing.Nothing();
            wake();
        }
        return Long.MAX_VALUE;
    }

    OptionalLong running() {
        return switch (doing) {
            case Doing.Handling handling ->
                OptionalLong.of(handling.task().record().offset());
            case Doing.Writing writing ->
                OptionalLong.of(writing.write().task().record().offset());
            case Doing.Nothing nothing -> OptionalLong.empty();
            case Doing.Starting starting -> OptionalLong.empty();
            case Doing.Waiting waiting -> OptionalLong.empty();
        };
    }

    boolean runsOn(Thread thread) {
        return doing instanceof Doing.Handling handling && handling.thread() == thread;
    }

    Optional<Busy> busy(long now) {
        return doing instanceof Doing.Handling(Task task, long since, Thread thread)
                ? Optional.of(new Busy(task.record().offset(), task.attempt(), Duration.ofNanos(now - since)))
                : Optional.empty();
    }

    Reason reason(long now, int waiting) {
        int behind = Math.max(0, waiting - 1);
        return switch (doing) {
            case Doing.Nothing nothing -> waiting == 0 ? new Reason.Idle() : new Reason.Scheduled(waiting);
            case Doing.Starting starting -> new Reason.Scheduled(waiting);
            case Doing.Handling(Task task, long since, Thread thread) ->
                new Reason.HandlerBusy(
                        task.record().offset(), task.attempt(), Duration.ofNanos(now - since), behind, stack(thread));
            case Doing.Writing(Step.WriteDeadLetter write, long since, Thread thread) ->
                new Reason.DeadLetterWaiting(
                        write.task().record().offset(),
                        write.topic(),
                        Duration.ofNanos(now - since),
                        write.lastFailure());
            case Doing.Waiting(Step then, long due, Throwable why) ->
                waitingReason(then, Duration.ofNanos(Math.max(0, due - now)), behind, why, now);
        };
    }

    private static Reason waitingReason(Step then, Duration in, int behind, Throwable why, long now) {
        return switch (then) {
            case Step.Handle(Task task) ->
                new Reason.RetryWaiting(task.record().offset(), task.attempt() - 1, in, behind, why);
            case Step.WriteDeadLetter write ->
                new Reason.DeadLetterWaiting(
                        write.task().record().offset(),
                        write.topic(),
                        Duration.ofNanos(now - write.task().begun()),
                        Optional.of(why));
            case Step.Rest rest -> new Reason.Idle();
        };
    }

    private static String stack(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .limit(STACK_LINES_MAX)
                .map(StackTraceElement::toString)
                .collect(Collectors.joining("\n"));
    }

    /** The lane's thread. */
    private void run() {
        try {
            var step = firstStep();
            while (!(step instanceof Step.Rest)) {
                step = switch (step) {
                    case Step.Handle(Task task) -> handle(task);
                    case Step.WriteDeadLetter write -> write(write);
                    case Step.Rest rest -> rest;
                };
            }
        } catch (Throwable e) {
            // Ours, not the handler's: no way to go on is known to be safe.
            member.crash().accept(e);
        }
    }

    private Step firstStep() {
        tenure.lock().lock();
        try {
            return next();
        } finally {
            tenure.lock().unlock();
        }
    }

    /** Under the lock: what comes next, and marks it as being done. */
    private Step next() {
        long now = member.time().nanoTime();
        var step = tenure.takesNew() && !tenure.held() ? take(now) : REST;
        doing = switch (step) {
            case Step.Handle(Task task) -> new Doing.Handling(task, now, Thread.currentThread());
            case Step.WriteDeadLetter write -> new Doing.Writing(write, now, Thread.currentThread());
            case Step.Rest rest -> new Doing.Nothing();
        };
        return step;
    }

    private Step take(long now) {
        if (first != null) {
            var step = first;
            first = null;
            return step;
        }
        var chunk = chunks.peek();
        if (chunk == null) {
            return REST;
        }
        var record = chunk.records.get(chunk.next++);
        if (chunk.next == chunk.records.size()) {
            chunks.remove();
        }
        return new Step.Handle(new Task(record, chunk.tracker, 1, now));
    }

    private Step handle(Task task) {
        var failure = attempt(task);
        tenure.lock().lock();
        try {
            if (failure == null) {
                tenure.finished(task.record(), task.tracker());
            } else {
                failed(task, failure);
            }
            return doing instanceof Doing.Waiting || crashed(failure) ? REST : next();
        } finally {
            tenure.lock().unlock();
        }
    }

    private static boolean crashed(@Nullable Throwable failure) {
        return failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError);
    }

    /** One call of the handler; null if the message is done. */
    private @Nullable Throwable attempt(Task task) {
        try {
            deliver(subscription, task);
            return null;
        } catch (Throwable e) {
            // Also Errors: one that kills this thread would leave the partition waiting for ever without a reason.
            return e;
        }
    }

    private <K, V> void deliver(ConsumerSettings.Subscription<K, V> to, Task task) throws Exception {
        var message = Decoder.decode(to.topic(), tenure.partition(), task.record(), task.attempt());
        to.handler().handle(message, new HandlerContext(tenure, member));
    }

    /** Under the lock. */
    private void failed(Task task, Throwable why) {
        if (crashed(why)) {
            doing = new Doing.Nothing();
            member.crash().accept(why);
        } else if (tenure.staleNow()) {
            // Somebody else has this message now; what became of it here must change nothing.
            first = null;
        } else if (tenure.heldByHandler()) {
            first = new Step.Handle(task); // the handler asked for a rest: that is no attempt
        } else {
            decide(task, why);
        }
    }

    private void decide(Task task, Throwable why) {
        var time = member.time();
        var sinceFirst = Duration.ofNanos(time.nanoTime() - task.begun());
        var offset = task.record().offset();
        switch (member.policy().decide(task.record().topic(), why, task.attempt(), sinceFirst)) {
            case FailurePolicy.Decision.RetryAfter(Duration delay) -> {
                doing = new Doing.Waiting(new Step.Handle(task.again()), time.nanoTime() + delay.toNanos(), why);
                member.events()
                        .raise(new Event.Retrying(
                                time.now(), member.group(), tenure.partition(), offset, task.attempt(), delay, why));
            }
            case FailurePolicy.Decision.Park(String topic) ->
                first = new Step.WriteDeadLetter(task, topic, why, 0, Optional.empty());
            case FailurePolicy.Decision.Skip() -> {
                tenure.finished(task.record(), task.tracker());
                member.events()
                        .raise(new Event.Skipped(
                                time.now(), member.group(), tenure.partition(), offset, task.attempt(), why));
            }
        }
    }

    private Step write(Step.WriteDeadLetter write) {
        var task = write.task();
        var sinceFirst = Duration.ofNanos(member.time().nanoTime() - task.begun());
        var givenUp =
                new GivenUp(write.why(), task.attempt(), member.time().now().minus(sinceFirst));
        try {
            boolean tooLarge = write.lastFailure().map(Lane::tooLarge).orElse(false);
            var ack = member.deadLetters().write(task.record(), write.topic(), givenUp, tooLarge);
            return written(write, ack);
        } catch (RuntimeException e) {
            return notWritten(write, e);
        }
    }

    private static boolean tooLarge(Throwable why) {
        return why instanceof RecordTooLargeException || why.getCause() instanceof RecordTooLargeException;
    }

    private Step written(Step.WriteDeadLetter write, Ack ack) {
        var task = write.task();
        tenure.lock().lock();
        try {
            tenure.finished(task.record(), task.tracker()); // only now: the letter is acknowledged
            member.events()
                    .raise(new Event.DeadLettered(
                            member.time().now(),
                            member.group(),
                            tenure.partition(),
                            task.record().offset(),
                            ack,
                            task.attempt(),
                            write.why()));
            return next();
        } finally {
            tenure.lock().unlock();
        }
    }

    /** The partition waits with it: nothing is passed over. */
    private Step notWritten(Step.WriteDeadLetter write, RuntimeException failure) {
        int failed = write.failed() + 1;
        var delay = DEAD_LETTER_RETRY.delayAfter(failed, member.policy().random());
        var again = new Step.WriteDeadLetter(write.task(), write.topic(), write.why(), failed, Optional.of(failure));
        tenure.lock().lock();
        try {
            doing = new Doing.Waiting(again, member.time().nanoTime() + delay.toNanos(), failure);
            member.events()
                    .raise(new Event.DeadLetterFailed(
                            member.time().now(),
                            member.group(),
                            tenure.partition(),
                            write.task().record().offset(),
                            write.topic(),
                            delay,
                            failure));
            return REST;
        } finally {
            tenure.lock().unlock();
        }
    }
}
