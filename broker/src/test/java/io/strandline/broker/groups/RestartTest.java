package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The broker dies and comes back; the log is all that it knows. */
class RestartTest {
    private final Stage stage = new Stage();

    private Consumer member(String name) {
        var member = Consumer.of(stage, name);
        member.join();
        member.startSyncAsLeader();
        return member;
    }

    @Test
    void aStableGroupGoesOnWithoutARebalance() {
        var member = member("a");
        var before = stage.describe();

        stage.restart();

        assertThat(stage.describe()).isEqualTo(before);
        assertThat(member.heartbeat()).isEqualTo(ErrorCode.NONE);
        assertThat(member.startSync().assignment()).isEqualTo(member.assignmentOf(member.memberId));
        assertThat(member.commit(0, 5)).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void aMemberIsKnownAsItWasLast() {
        var member = member("a");
        member.protocols = List.of(Consumer.subscribedTo("range", "user-events", "orders"));
        member.join();
        member.startSyncAsLeader();
        var before = stage.describe();

        stage.restart();

        assertThat(stage.describe()).isEqualTo(before);
    }

    @Test
    void aMemberThatDoesNotComeBackIsOutAfterItsSession() {
        member("a");
        stage.restart();

        stage.time.advanceMs(Consumer.SESSION_MS);

        assertThat(stage.state()).isEqualTo(GroupState.EMPTY);
    }

    @Test
    void aStaticMemberIsStillKnown() {
        var member = Consumer.of(stage, "a").asInstance("one");
        member.join();
        member.startSyncAsLeader();
        stage.restart();
        var again = Consumer.of(stage, "a").asInstance("one");

        again.join();

        assertThat(again.generation).isEqualTo(member.generation);
        assertThat(again.startSync().assignment()).isEqualTo(member.assignment());
        assertThat(member.heartbeat()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
    }

    @Test
    void aMemberThatReplacedAnotherIsTheOneThatIsKnown() {
        var member = Consumer.of(stage, "a").asInstance("one");
        member.join();
        member.startSyncAsLeader();
        var again = Consumer.of(stage, "a").asInstance("one");
        again.join();

        stage.restart();

        assertThat(again.heartbeat()).isEqualTo(ErrorCode.NONE);
        assertThat(member.heartbeat()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
    }

    @Test
    void committedOffsetsAreThere() {
        var member = member("a");
        member.commit(0, 5);
        member.commit(0, 6);
        member.commit(1, -2);
        var before = stage.groups().offsets(Stage.GROUP).value();

        stage.restart();

        assertThat(stage.groups().offsets(Stage.GROUP).value()).isEqualTo(before);
    }

    @Test
    void aCommitThatWasNotForcedIsGoneAndTheOneBeforeHolds() {
        var member = member("a");
        member.commit(0, 5);
        stage.log.force();
        member.commit(0, 6);

        stage.cutPowerAndRestart();

        assertThat(stage.groups()
                        .offsets(Stage.GROUP)
                        .value()
                        .get(new TopicPartition("user-events", 0))
                        .offset())
                .isEqualTo(5);
    }

    @Test
    void aGenerationThatNobodyGotAnAssignmentInIsForgotten() {
        var member = member("a");
        var late = Consumer.of(stage, "b").startJoin();
        member.startJoin();
        member.joined();
        late.joined();

        stage.restart();

        assertThat(member.heartbeat()).isEqualTo(ErrorCode.ILLEGAL_GENERATION);
        assertThat(late.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
        assertThat(stage.state()).isEqualTo(GroupState.STABLE);
    }

    @Test
    void anEmptyGroupRemembersItsGeneration() {
        member("a").leave();
        stage.restart();

        assertThat(Consumer.of(stage, "b").join().generation()).isEqualTo(3);
    }

    @Test
    void aGroupThatHasBecomeTooLargeShrinks() {
        var first = member("a");
        var second = Consumer.of(stage, "b").startJoin();
        first.startJoin();
        first.joined();
        second.joined();
        first.startSyncAsLeader();
        second.startSync();

        stage.restartWith(GroupConfig.defaults().withMaxSize(1));

        assertThat(first.heartbeat()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
        first.startJoin();
        assertThat(second.startJoin().joinError()).isEqualTo(ErrorCode.GROUP_MAX_SIZE_REACHED);
        assertThat(first.joined().members()).hasSize(1);
    }

    @Test
    void aLongLogIsSaidAgainInShort() {
        var member = member("a");
        for (int i = 0; i < 30_000; i++) {
            member.commit(i % 3, i);
            member.heartbeat();
        }
        stage.groups().rewriteIfLong();
        assertThat(stage.log.length())
                .as("nothing goes before the new is durable")
                .isGreaterThan(30_000);
        stage.log.force();
        stage.groups().rewriteIfLong();
        assertThat(stage.log.length()).isLessThan(10);
        var before = stage.describe();
        var offsets = stage.groups().offsets(Stage.GROUP).value();

        stage.restart();

        assertThat(stage.describe()).isEqualTo(before);
        assertThat(stage.groups().offsets(Stage.GROUP).value()).isEqualTo(offsets);
    }

    @Test
    void aShortLogIsLeftAlone() {
        var member = member("a");
        for (int i = 0; i < 100; i++) {
            member.commit(0, i);
        }
        stage.log.force();
        stage.groups().rewriteIfLong();
        stage.log.force();
        stage.groups().rewriteIfLong();

        assertThat(stage.log.length()).isEqualTo(101);
    }
}
