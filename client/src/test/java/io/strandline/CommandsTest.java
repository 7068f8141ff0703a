package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

/** What other threads ask of the poll thread. */
class CommandsTest {
    private final Commands commands = new Commands();

    @Test
    void whereABrokerHangsAPollComesBetweenTwoQuestions() {
        var hangs = commands.ask(() -> {
            throw new TimeoutException("on purpose");
        });
        var behind = commands.ask(() -> "done");
        commands.run();
        assertThat(hangs).isCompletedExceptionally();
        assertThat(behind).isNotDone();
        commands.run();
        assertThat(behind).isCompletedWithValue("done");
    }

    @Test
    void whatFailsForAnotherReasonKeepsNobodyWaiting() {
        var fails = commands.ask(() -> {
            throw new IllegalStateException("on purpose");
        });
        var behind = commands.ask(() -> "done");
        commands.run();
        assertThat(fails).isCompletedExceptionally();
        assertThat(behind).isCompletedWithValue("done");
    }
}
