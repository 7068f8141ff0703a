package io.strandline.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.cli.demo.Account.Row;
import io.strandline.cli.demo.Observations.Acknowledged;
import io.strandline.cli.demo.Observations.Assigned;
import io.strandline.cli.demo.Observations.Committed;
import io.strandline.cli.demo.Observations.Delivered;
import io.strandline.cli.demo.Observations.Interrupted;
import io.strandline.cli.demo.Observations.Letter;
import io.strandline.cli.demo.Observations.Published;
import io.strandline.cli.demo.Observations.Stored;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Four events of one key in one partition, lines 1 to 4 at offsets 0 to 3; line 4 cannot be read. */
class AccountTest {

    private static final int PLANNED = 4;
    private static final int UNREADABLE = 4;

    private final Ledger ledger = new Ledger(PLANNED);

    @Test
    void aRunInWhichEverythingArrivedOnceBalances() {
        everythingGoesWell();

        assertThat(account().rows()).allMatch(Row::asPromised);
        assertThat(account().balances()).isTrue();
        assertThat(row("published").figure()).isEqualTo("4");
        assertThat(row("delivered").figure()).isEqualTo("3");
        assertThat(row("dead-lettered").figure()).isEqualTo("1");
        assertThat(row("lost").figure()).isEqualTo("0");
    }

    @Test
    void aRunThatStoppedPublishingDoesNotBalance() {
        publish(1, "ann");
        arrive(1, 0);

        onlyWrong("published");
    }

    @Test
    void anEventWithoutAnAcknowledgementDoesNotBalance() {
        publishAll();
        store(1, 0);
        handle("one", 1, 0, 10);
        arrive(2, 1);
        arrive(3, 2);
        becomeALetter(4, 3);

        onlyWrong("acknowledged");
        assertThat(row("acknowledged").remark()).isEqualTo("no acknowledgement for line 1");
    }

    @Test
    void anAcknowledgedEventThatIsNotInTheLogIsLost() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        acknowledge(3, 2);
        handle("one", 3, 2, 12);
        becomeALetter(4, 3);

        onlyWrong("lost");
        assertThat(row("lost").figure()).isEqualTo("1");
        assertThat(row("lost").remark()).isEqualTo("not where the acknowledgement said: line 3");
    }

    @Test
    void anAcknowledgedEventWhosePlaceHoldsAnotherIsLostEvenIfItsBytesAreTheSame() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        acknowledge(3, 2);
        ledger.add(new Stored(0, 2, 17, checksum(3)));
        store(3, 7);
        handle("one", 3, 7, 12);
        becomeALetter(4, 3);

        onlyWrong("lost");
    }

    @Test
    void anEventWithOtherBytesThanWereSentIsLost() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        acknowledge(3, 2);
        ledger.add(new Stored(0, 2, 3, checksum(3) + 1));
        handle("one", 3, 2, 12);
        becomeALetter(4, 3);

        onlyWrong("lost");
        assertThat(row("lost").remark()).isEqualTo("other bytes than were sent: line 3");
    }

    @Test
    void anEventThatNoHandlerSawIsLost() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        acknowledge(3, 2);
        store(3, 2);
        becomeALetter(4, 3);

        onlyWrong("delivered", "lost");
    }

    @Test
    void anEventThatIsInTheLogTwiceDoesNotBalance() {
        everythingGoesWell();
        store(3, 9);

        // The second copy also stands behind a later event of its key.
        onlyWrong("stored twice", "out of order per key");
        assertThat(row("stored twice").figure()).isEqualTo("1");
    }

    @Test
    void handlersThatSeeAKeyInAnotherOrderDoNotBalance() {
        publishAll();
        acknowledge(1, 0);
        store(1, 0);
        acknowledge(2, 1);
        store(2, 1);
        handle("one", 2, 1, 10);
        handle("one", 1, 0, 11);
        arrive(3, 2);
        becomeALetter(4, 3);

        onlyWrong("out of order per key");
    }

    @Test
    void aLogThatHoldsAKeyInAnotherOrderDoesNotBalance() {
        publishAll();
        acknowledge(1, 1);
        acknowledge(2, 0);
        store(2, 0);
        store(1, 1);
        handle("one", 1, 1, 10);
        handle("one", 2, 0, 11);
        arrive(3, 2);
        becomeALetter(4, 3);

        onlyWrong("out of order per key");
    }

    @Test
    void eventsOfDifferentKeysMayOvertakeEachOther() {
        publish(1, "ann");
        publish(2, "bob");
        publish(3, "ann");
        publish(4, "bob");
        arrive(2, 0);
        arrive(1, 1);
        arrive(3, 2);
        becomeALetter(4, 3);

        assertThat(account().balances()).isTrue();
    }

    @Test
    void eventsWithoutAKeyHaveNoOrder() {
        publish(1, null);
        publish(2, null);
        publish(3, null);
        publish(4, null);
        arrive(3, 0);
        arrive(2, 1);
        arrive(1, 2);
        becomeALetter(4, 3);

        assertThat(account().balances()).isTrue();
    }

    @Test
    void aSecondDeliveryAfterAnAssignmentIsExplained() {
        everythingGoesWell();
        ledger.add(new Assigned("two", Set.of(0), at(20)));
        handle("two", 2, 1, 21);
        handle("two", 3, 2, 22);

        assertThat(account().balances()).isTrue();
        assertThat(row("delivered again").figure()).isEqualTo("2");
        assertThat(row("delivered again").remark()).isEqualTo("2 after a rebalance");
    }

    @Test
    void aSecondDeliveryBehindAnInterruptionNamesIt() {
        everythingGoesWell();
        ledger.add(new Interrupted(at(19)));
        ledger.add(new Assigned("one", Set.of(0), at(20)));
        handle("one", 3, 2, 22);

        assertThat(account().balances()).isTrue();
        assertThat(row("delivered again").remark()).isEqualTo("1 after the broker came back");
        assertThat(row("seconds").remark()).isEqualTo("with 1 interruption");
    }

    @Test
    void aSecondDeliveryForNoReasonDoesNotBalance() {
        everythingGoesWell();
        handle("two", 3, 2, 22);

        onlyWrong("delivered again");
    }

    @Test
    void anAssignmentOfAnotherPartitionExplainsNothing() {
        everythingGoesWell();
        ledger.add(new Assigned("two", Set.of(1, 2), at(20)));
        handle("two", 3, 2, 22);

        onlyWrong("delivered again");
    }

    @Test
    void anAssignmentAfterTheSecondDeliveryExplainsNothing() {
        everythingGoesWell();
        handle("two", 3, 2, 22);
        ledger.add(new Assigned("two", Set.of(0), at(23)));

        onlyWrong("delivered again");
    }

    @Test
    void aSecondDeliveryOfWhatWasCommittedBeforeDoesNotBalance() {
        everythingGoesWell();
        ledger.add(new Committed(0, 3, at(19)));
        ledger.add(new Assigned("two", Set.of(0), at(20)));
        handle("two", 3, 2, 22);

        onlyWrong("delivered again");
    }

    @Test
    void aSecondDeliveryOfWhatTheCommitDidNotCoverIsExplained() {
        everythingGoesWell();
        ledger.add(new Committed(0, 2, at(19)));
        ledger.add(new Assigned("two", Set.of(0), at(20)));
        handle("two", 3, 2, 22);

        assertThat(account().balances()).isTrue();
    }

    @Test
    void secondDeliveriesMustComeInOrderToo() {
        everythingGoesWell();
        ledger.add(new Assigned("two", Set.of(0), at(20)));
        handle("two", 3, 2, 21);
        handle("two", 2, 1, 22);

        onlyWrong("out of order per key");
    }

    @Test
    void aMissingDeadLetterDoesNotBalance() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        arrive(3, 2);
        acknowledge(4, 3);
        store(4, 3);

        onlyWrong("dead-lettered", "lost");
        assertThat(row("dead-lettered").remark()).isEqualTo("no dead letter for line 4");
    }

    @Test
    void aDeadLetterOfAGoodEventDoesNotBalance() {
        everythingGoesWell();
        ledger.add(new Letter(2));

        onlyWrong("dead-lettered");
        assertThat(row("dead-lettered").remark()).isEqualTo("should have been handled: line 2");
    }

    @Test
    void aDeadLetterThatWasWrittenTwiceForNoReasonDoesNotBalance() {
        everythingGoesWell();
        ledger.add(new Assigned("one", Set.of(0), at(1)));
        ledger.add(new Letter(UNREADABLE));

        onlyWrong("dead-lettered");
        assertThat(row("dead-lettered").remark())
                .isEqualTo("written again without a rebalance or restart that explains it: line 4");
    }

    @Test
    void aDeadLetterThatWasWrittenAgainAfterARebalanceCountsOnce() {
        everythingGoesWell();
        ledger.add(new Assigned("one", Set.of(0), at(1)));
        ledger.add(new Committed(0, 3, at(20)));
        ledger.add(new Assigned("two", Set.of(0), at(21)));
        ledger.add(new Letter(UNREADABLE));

        assertThat(account().balances()).isTrue();
        assertThat(row("dead-lettered").figure()).isEqualTo("1");
        assertThat(row("dead-lettered").remark()).isEqualTo("exactly 1; 1 written again after a rebalance or restart");
    }

    @Test
    void aRebalanceOfAnotherPartitionExplainsNoSecondDeadLetter() {
        everythingGoesWell();
        ledger.add(new Assigned("one", Set.of(0), at(1)));
        ledger.add(new Assigned("two", Set.of(1), at(21)));
        ledger.add(new Letter(UNREADABLE));

        onlyWrong("dead-lettered");
    }

    @Test
    void aDeadLetterThatWasWrittenAgainAfterTheProgressPastItWasStoredDoesNotBalance() {
        everythingGoesWell();
        ledger.add(new Assigned("one", Set.of(0), at(1)));
        ledger.add(new Committed(0, 4, at(20)));
        ledger.add(new Assigned("two", Set.of(0), at(21)));
        ledger.add(new Letter(UNREADABLE));

        onlyWrong("dead-lettered");
    }

    @Test
    void anUnreadableEventThatAHandlerSawDoesNotBalance() {
        everythingGoesWell();
        handle("one", UNREADABLE, 3, 30);

        onlyWrong("delivered");
    }

    @Test
    void theTableNamesWhatIsWrongWithAFewExamples() {
        var many = new Ledger(9);
        for (var line = 1; line <= 9; line++) {
            many.add(new Published(line, "ann", true, 0));
            many.add(new Acknowledged(line, 0, line));
        }

        assertThat(Account.of(many.observations(), Duration.ofMillis(1234)).table())
                .contains(
                        "lost                            9  WRONG  not where the acknowledgement said: lines 1, 2, 3 and 6 more")
                .contains("published                       9  ok")
                .contains("seconds                       1.2  ok");
    }

    private void everythingGoesWell() {
        publishAll();
        arrive(1, 0);
        arrive(2, 1);
        arrive(3, 2);
        becomeALetter(4, 3);
    }

    private void publishAll() {
        for (var line = 1; line <= PLANNED; line++) {
            publish(line, "ann");
        }
    }

    private void publish(int line, @Nullable String key) {
        ledger.add(new Published(line, key, line != UNREADABLE, checksum(line)));
    }

    private void arrive(int line, long offset) {
        acknowledge(line, offset);
        store(line, offset);
        handle("one", line, offset, 10 + (int) offset);
    }

    private void becomeALetter(int line, long offset) {
        acknowledge(line, offset);
        store(line, offset);
        ledger.add(new Letter(line));
    }

    private void acknowledge(int line, long offset) {
        ledger.add(new Acknowledged(line, 0, offset));
    }

    private void store(int line, long offset) {
        ledger.add(new Stored(0, offset, line, checksum(line)));
    }

    private void handle(String member, int line, long offset, int second) {
        ledger.add(new Delivered(member, 0, offset, line, at(second)));
    }

    private void onlyWrong(String... names) {
        assertThat(account().rows().stream().filter(row -> !row.asPromised()).map(Row::name))
                .containsExactlyInAnyOrder(names);
        assertThat(account().balances()).isFalse();
    }

    private Row row(String name) {
        return account().rows().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Account account() {
        return Account.of(ledger.observations(), Duration.ofSeconds(1));
    }

    private static int checksum(int line) {
        return line * 31;
    }

    private static Instant at(int second) {
        return Instant.EPOCH.plusSeconds(second);
    }
}
