package io.strandline;

import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.common.errors.RecordTooLargeException;

/**
 * What is done with one message of a partition: the handler is called, and after a failure the message waits for the next
 * attempt, is stored as a dead letter, or is thrown away. Of the worker that has the message.
 */
final class Attempts {
    private static final Retry DEAD_LETTER_RETRY =
            Retry.exponential(Duration.ofMillis(200), Duration.ofSeconds(30)).forever();

    private final Tenure tenure;
    private final MemberContext member;
    private final Call call;

    /** How the message reaches its handler. */
    @FunctionalInterface
    interface Call {
        void handle(Task task) throws Exception;
    }

    /** What comes next. */
    enum Outcome {
        /** The message is finished. */
        DONE,
        /** It goes on with the same message, if its partition still may. */
        AGAIN,
        /** Others will call when it goes on, if ever. */
        WAITS
    }

    Attempts(Tenure tenure, MemberContext member, Call call) {
        this.tenure = tenure;
        this.member = member;
        this.call = call;
    }

    Outcome attempt(Task task, Lane lane) {
        var letter = task.letter();
        if (letter != null) {
            return write(task, letter, lane);
        }
        try {
            call.handle(task);
        } catch (Throwable e) {
            // Also Errors: one that kills this thread would leave the partition waiting for ever without a reason.
            return failed(task, e, lane);
        }
        task.finish();
        return Outcome.DONE;
    }

    static boolean crashed(Throwable failure) {
        return failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError);
    }

    Outcome failed(Task task, Throwable why, Lane lane) {
        if (crashed(why)) {
            member.crash().accept(why);
            return Outcome.WAITS;
        } else if (tenure.stale()) {
            return Outcome.WAITS; // somebody else has this message now; what became of it here must change nothing
        } else if (tenure.heldByHandler()) {
            return Outcome.AGAIN; // the handler asked for a rest: that is no attempt
        }
        return decide(task, why, lane);
    }

    private Outcome decide(Task task, Throwable why, Lane lane) {
        var time = member.time();
        var sinceFirst = Duration.ofNanos(time.nanoTime() - task.begun());
        int attempt = task.attempt();
        return switch (member.policy().decide(task.record().topic(), why, attempt, sinceFirst)) {
            case FailurePolicy.Decision.RetryAfter(Duration delay) -> {
                member.events()
                        .raise(new Event.Retrying(
                                time.now(), member.group(), tenure.partition(), task.offset(), attempt, delay, why));
                task.attempt(attempt + 1);
                tenure.waits(lane, task, delay, why);
                yield Outcome.WAITS;
            }
            case FailurePolicy.Decision.Park(String topic) -> {
                task.letter(new Task.Letter(topic, why, 0, Optional.empty()));
                yield Outcome.AGAIN;
            }
            case FailurePolicy.Decision.Skip() -> {
                member.events()
                        .raise(new Event.Skipped(
                                time.now(), member.group(), tenure.partition(), task.offset(), attempt, why));
                task.finish();
                yield Outcome.DONE;
            }
        };
    }

    private Outcome write(Task task, Task.Letter letter, Lane lane) {
        var sinceFirst = Duration.ofNanos(member.time().nanoTime() - task.begun());
        var givenUp =
                new GivenUp(letter.why(), task.attempt(), member.time().now().minus(sinceFirst));
        Ack ack;
        try {
            boolean tooLarge = letter.lastFailure().map(Attempts::tooLarge).orElse(false);
            ack = member.deadLetters().write(task.record(), letter.topic(), givenUp, tooLarge);
        } catch (RuntimeException e) {
            return notWritten(task, letter, e, lane);
        }
        return written(task, letter, ack);
    }

    private static boolean tooLarge(Throwable why) {
        return why instanceof RecordTooLargeException || why.getCause() instanceof RecordTooLargeException;
    }

    private Outcome written(Task task, Task.Letter letter, Ack ack) {
        member.events()
                .raise(new Event.DeadLettered(
                        member.time().now(),
                        member.group(),
                        tenure.partition(),
                        task.offset(),
                        ack,
                        task.attempt(),
                        letter.why()));
        task.finish(); // only now: the letter is acknowledged
        return Outcome.DONE;
    }

    /** What comes behind it waits with it: nothing is passed over. */
    private Outcome notWritten(Task task, Task.Letter letter, RuntimeException failure, Lane lane) {
        int failed = letter.failed() + 1;
        var delay = DEAD_LETTER_RETRY.delayAfter(failed, member.policy().random());
        member.events()
                .raise(new Event.DeadLetterFailed(
                        member.time().now(),
                        member.group(),
                        tenure.partition(),
                        task.offset(),
                        letter.topic(),
                        delay,
                        failure));
        task.letter(new Task.Letter(letter.topic(), letter.why(), failed, Optional.of(failure)));
        tenure.waits(lane, task, delay, failure);
        return Outcome.WAITS;
    }
}
