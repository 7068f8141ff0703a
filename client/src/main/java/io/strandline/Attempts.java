package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * What is done with one message of a partition: the handler is called, and after a failure the message waits for the next
 * attempt, is stored as a dead letter, or is thrown away. Of the worker that has the message.
 */
final class Attempts {
    private static final Retry WRITE_RETRY =
            Retry.exponential(Duration.ofMillis(200), Duration.ofSeconds(30)).forever();

    private final Tenure tenure;
    private final MemberContext member;
    private final Topic<?, ?> topic;
    private final Call call;
    private final @Nullable KeyOrder order;

    /** How the message reaches its handler. If this returns, it is done. */
    @FunctionalInterface
    interface Call {
        void handle(Task task) throws Throwable;
    }

    /** What comes next. */
    enum Outcome {
        /** The message is finished. */
        DONE,
        /** It goes on with the same message, if its partition still may. */
        AGAIN,
        /** Others will call when it goes on, if ever. */
        WAITS,
        /** Of a batch: which of its messages are to be given up must be found out first. */
        ONE_BY_ONE
    }

    Attempts(Tenure tenure, MemberContext member, Topic<?, ?> topic, Call call) {
        this.tenure = tenure;
        this.topic = topic;
        this.member = member;
        this.call = call;
        order = tenure.keyOrder();
    }

    Outcome attempt(Task task, Lane lane) {
        var letter = task.letter();
        if (letter != null) {
            return write(task, letter, lane);
        }
        if (order != null) {
            var before = order.before(task);
            if (before.isPresent()) {
                return park(task, before.get());
            }
        }
        try {
            call.handle(task);
        } catch (Throwable e) {
            // Also Errors: one that kills this thread would leave the partition waiting for ever without a reason.
            return failed(task, e, lane);
        }
        if (!task.finished()) {
            finish(task);
        }
        return Outcome.DONE;
    }

    private void finish(Task task) {
        if (order != null) {
            order.done(task);
        }
        task.finish();
    }

    /** It follows the letter of its key. */
    private Outcome park(Task task, OpenLetter before) {
        if (tenure.stale()) {
            return Outcome.WAITS; // as with a failure: it is somebody else's now
        }
        var topic = before.at().topic();
        var source = task.record().topic();
        task.letter(Task.Letter.dead(
                topic.equals(source) ? member.policy().letterTopic(source) : topic, new Parked(before)));
        return Outcome.AGAIN;
    }

    static boolean crashed(Throwable failure) {
        return failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError);
    }

    Outcome failed(Task task, Throwable why, Lane lane) {
        return costsNoAttempt(why).orElseGet(() -> apply(decision(task, why), task, why, lane));
    }

    /** These failed as a batch, and it is not known which of them is to blame. The first one counts for all. */
    Outcome failedTogether(List<Task> tasks, Throwable why, Lane lane) {
        var free = costsNoAttempt(why);
        if (free.isPresent()) {
            return free.get();
        }
        var first = tasks.getFirst();
        var decision = decision(first, why);
        boolean leaves = !(decision instanceof Failure.Decision.RetryAfter)
                || member.policy()
                        .retryTopic(first.record().topic(), first.attempt())
                        .isPresent();
        if (leaves && tasks.size() > 1 && !(decision instanceof Failure.Decision.Stop)) {
            return Outcome.ONE_BY_ONE;
        }
        tasks.subList(1, tasks.size()).forEach(task -> task.attempt(first.attempt() + 1));
        return apply(decision, first, why, lane);
    }

    Optional<Outcome> costsNoAttempt(Throwable why) {
        if (crashed(why)) {
            member.crash().accept(why);
            return Optional.of(Outcome.WAITS);
        } else if (tenure.stale()) {
            // Somebody else has this message now; what became of it here must change nothing.
            return Optional.of(Outcome.WAITS);
        } else if (tenure.heldByHandler()) {
            return Optional.of(Outcome.AGAIN); // the handler asked for a rest
        }
        return Optional.empty();
    }

    Failure.Decision decision(Task task, Throwable why) {
        var sinceFirst = Duration.ofNanos(member.time().nanoTime() - task.begun());
        return member.policy().decide(task.record().topic(), () -> message(task), why, task.attempt(), sinceFirst);
    }

    private Outcome apply(Failure.Decision decision, Task task, Throwable why, Lane lane) {
        return switch (decision) {
            case Failure.Decision.RetryAfter(Duration delay) -> retry(task, delay, why, lane);
            case Failure.Decision.Park(String topic) -> {
                task.letter(Task.Letter.dead(topic, why));
                yield Outcome.AGAIN;
            }
            case Failure.Decision.Skip() -> skip(task, why);
            case Failure.Decision.Stop() -> stop(task, why);
        };
    }

    private Message<?, ?> message(Task task) {
        try {
            return Decoder.decode(topic, task.source(), task.record(), task.attempt());
        } catch (PoisonMessage e) {
            var bytes = Topic.bytes(topic.name());
            return Decoder.decode(bytes, task.source(), task.record(), task.attempt());
        }
    }

    Outcome stop(Task task, Throwable why) {
        member.crash()
                .accept(new IllegalStateException(
                        "onFailure(..) stopped the consumer at " + tenure.partition() + "@" + task.offset(), why));
        return Outcome.WAITS;
    }

    Outcome retry(Task task, Duration delay, Throwable why, Lane lane) {
        int failed = task.attempt();
        member.events()
                .raise(new Event.Retrying(
                        member.time().now(), member.group(), tenure.partition(), task.offset(), failed, delay, why));
        var topic = member.policy().retryTopic(task.record().topic(), failed);
        if (topic.isPresent()) {
            task.letter(Task.Letter.again(topic.get(), why, delay));
            return Outcome.AGAIN;
        }
        task.attempt(failed + 1);
        tenure.waits(lane, task, delay, why);
        return Outcome.WAITS;
    }

    private Outcome skip(Task task, Throwable why) {
        member.events()
                .raise(new Event.Skipped(
                        member.time().now(), member.group(), tenure.partition(), task.offset(), task.attempt(), why));
        finish(task);
        return Outcome.DONE;
    }

    private Outcome write(Task task, Task.Letter letter, Lane lane) {
        try {
            if (letter.delay().isPresent()) {
                member.retries().write(task, letter, member.time());
            } else if (order != null
                    && !order.hasRoomFor(task, tenure.frontier().orElse(0))) {
                tenure.waits(lane, task, KeyOrder.AGAIN_AFTER, new KeyOrder.Full(order.open()));
                return Outcome.WAITS;
            } else {
                var ack = writeDeadLetter(task, letter);
                if (order != null) {
                    order.stored(task, ack);
                }
                raiseDeadLettered(task, letter, ack);
            }
        } catch (RuntimeException e) {
            return notWritten(task, letter, e, lane);
        }
        task.finish(); // only now: it is acknowledged
        return Outcome.DONE;
    }

    private Ack writeDeadLetter(Task task, Task.Letter letter) {
        return member.deadLetters()
                .write(task.record(), letter.topic(), givenUp(task, letter, member.time()), tooLarge(letter));
    }

    static GivenUp givenUp(Task task, Task.Letter letter, Time time) {
        int attempts = letter.why() instanceof Parked ? 0 : task.attempt();
        return new GivenUp(letter.why(), attempts, task.firstAttempt(time));
    }

    /** The last try to write it was. */
    static boolean tooLarge(Task.Letter letter) {
        return letter.lastFailure().map(Attempts::tooLarge).orElse(false);
    }

    private static boolean tooLarge(Throwable why) {
        return why instanceof RecordTooLargeException || why.getCause() instanceof RecordTooLargeException;
    }

    void raiseDeadLettered(Task task, Task.Letter letter, Ack ack) {
        if (letter.why() instanceof Parked parked) {
            var behind = parked.behind();
            member.events()
                    .raise(new Event.Parked(
                            member.time().now(),
                            member.group(),
                            task.source(),
                            task.sourceOffset(),
                            ack,
                            behind.at(),
                            behind.offset()));
            return;
        }
        member.events()
                .raise(new Event.DeadLettered(
                        member.time().now(),
                        member.group(),
                        task.source(),
                        task.sourceOffset(),
                        ack,
                        task.attempt(),
                        letter.why()));
    }

    /** What comes behind it waits with it: nothing is passed over. */
    Outcome notWritten(Task task, Task.Letter letter, Throwable failure, Lane lane) {
        var again = letter.notWritten(failure);
        var delay = WRITE_RETRY.delayAfter(again.failed(), member.policy().random());
        member.events()
                .raise(new Event.DeadLetterFailed(
                        member.time().now(),
                        member.group(),
                        task.source(),
                        task.sourceOffset(),
                        letter.topic(),
                        delay,
                        failure));
        task.letter(again);
        tenure.waits(lane, task, delay, failure);
        return Outcome.WAITS;
    }
}
