package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RebalanceTest {
    private final Stage stage = new Stage();

    private Consumer consumer(String name) {
        return Consumer.of(stage, name);
    }

    /** A stable group of these. The first one leads. */
    private void settle(Consumer... consumers) {
        for (var consumer : consumers) {
            consumer.startJoin();
            for (var earlier : consumers) {
                if (earlier == consumer) {
                    break;
                }
                earlier.startJoin();
            }
        }
        for (var consumer : consumers) {
            consumer.joined();
        }
        for (var consumer : consumers) {
            if (consumer.leads()) {
                consumer.startSyncAsLeader();
            } else {
                consumer.startSync();
            }
        }
        assertThat(stage.state()).isEqualTo(GroupState.STABLE);
    }

    @Test
    void theFirstMemberOfAGroupDoesNotWaitForOthers() {
        var first = consumer("a").startJoin();

        assertThat(first.joined().generation()).isEqualTo(1);
        assertThat(first.leads()).isTrue();
        assertThat(first.joined().members()).hasSize(1);
        assertThat(stage.state()).isEqualTo(GroupState.COMPLETING_REBALANCE);
    }

    @Test
    void aNewcomerIsSentBackWithTheIdThatItIsToUse() {
        var first = consumer("billing");
        first.sendJoin();

        assertThat(first.joinError()).isEqualTo(ErrorCode.MEMBER_ID_REQUIRED);
        assertThat(first.joinAnswer().memberId()).startsWith("billing-");
    }

    @Test
    void aNewcomerThatDoesNotKnowOfThatIsAMemberAtOnce() {
        var first = consumer("a").old();
        first.sendJoin();

        assertThat(first.joined().memberId()).startsWith("a-");
    }

    @Test
    void anIdThatIsNotUsedWithinTheSessionTimeoutIsForgotten() {
        var first = consumer("a");
        first.sendJoin();
        first.memberId = first.joinAnswer().memberId();

        stage.time.advanceMs(Consumer.SESSION_MS);
        first.sendJoin();

        assertThat(first.joinError()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void aLateMemberCallsTheOthersToJoinAgain() {
        var first = consumer("a");
        settle(first);

        var late = consumer("b").startJoin();

        assertThat(late.joinWaits()).isTrue();
        assertThat(stage.state()).isEqualTo(GroupState.PREPARING_REBALANCE);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
        first.startJoin();
        assertThat(first.joined().generation()).isEqualTo(2);
        assertThat(late.joined().generation()).isEqualTo(2);
        assertThat(first.joined().members()).hasSize(2);
        assertThat(late.joined().members()).isEmpty();
    }

    @Test
    void everyMemberGetsWhatTheLeaderAssignedToIt() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);

        assertThat(first.assignment()).isEqualTo(first.assignmentOf(first.memberId));
        assertThat(second.assignment()).isEqualTo(second.assignmentOf(second.memberId));
    }

    @Test
    void aMemberThatAsksBeforeTheLeaderHasAssignedWaits() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first);
        second.startJoin();
        first.startJoin();
        first.joined();
        second.joined();

        second.startSync();
        assertThat(second.syncWaits()).isTrue();

        first.startSyncAsLeader();
        assertThat(second.assignment()).isEqualTo(second.assignmentOf(second.memberId));
    }

    @Test
    void aMemberThatTheLeaderForgotHasNothingToRead() {
        var first = consumer("a");
        first.join();
        first.startSync();

        assertThat(first.assignment()).isEqualTo(Bytes.EMPTY);
    }

    @Test
    void noAssignmentIsToldBeforeItIsOnTheDisk() {
        var first = consumer("a");
        first.join();

        first.startSyncAsLeader();

        assertThat(stage.log.isDurable(first.syncAnswer().durableFrom())).isFalse();
        stage.log.force();
        assertThat(stage.log.isDurable(first.syncAnswer().durableFrom())).isTrue();
    }

    @Test
    void anAnswerThatKnowsOfTheAssignmentWaitsForTheDiskAsWell() {
        var first = consumer("a");
        settle(first);

        var beat = stage.groups()
                .heartbeat(new Heartbeat(Stage.GROUP, first.memberId, Optional.empty(), first.generation));

        assertThat(beat.value()).isEqualTo(ErrorCode.NONE);
        assertThat(stage.log.isDurable(beat.durableFrom())).isFalse();
    }

    @Test
    void membersWhoDoNotComeInTimeAreOutAndTheOthersGoOn() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);
        var third = consumer("c").startJoin();
        second.startJoin();

        keepAlive(first, Consumer.REBALANCE_MS - 1);
        assertThat(third.joinWaits()).isTrue();
        stage.time.advanceMs(1);

        assertThat(third.joined().generation()).isEqualTo(3);
        assertThat(second.joined().members().size() + third.joined().members().size())
                .isEqualTo(2);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    private void keepAlive(Consumer consumer, long forMs) {
        for (long left = forMs; left > 0; left -= 1000) {
            stage.time.advanceMs(Math.min(left, 1000));
            consumer.heartbeat();
        }
    }

    @Test
    void aRebalanceTimeoutOfZeroMeansTheSessionTimeout() {
        var first = consumer("a");
        first.rebalanceTimeoutMs = 0;
        settle(first);
        var late = consumer("b");
        late.rebalanceTimeoutMs = 0;
        late.startJoin();

        keepAlive(first, Consumer.SESSION_MS - 1);
        assertThat(late.joinWaits()).isTrue();
        stage.time.advanceMs(1);

        assertThat(late.joinWaits()).isFalse();
    }

    @Test
    void aMemberThatIsSilentForItsSessionTimeoutIsOut() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);

        stage.time.advanceMs(Consumer.SESSION_MS - 1);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.NONE);
        stage.time.advanceMs(1);

        assertThat(second.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
        first.startJoin();
        assertThat(first.joined().members()).hasSize(1);
    }

    @Test
    void aCommitKeepsTheSessionAlive() {
        var first = consumer("a");
        settle(first);

        stage.time.advanceMs(Consumer.SESSION_MS - 1);
        assertThat(first.commit(0, 7)).isEqualTo(ErrorCode.NONE);
        stage.time.advanceMs(Consumer.SESSION_MS - 1);

        assertThat(first.heartbeat()).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void aMemberThatWaitsForTheOthersNeedsNoHeartbeats() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);
        consumer("c").startJoin();
        second.startJoin();

        keepAlive(first, Consumer.SESSION_MS * 2);

        assertThat(second.joinWaits()).isTrue();
        first.startJoin();
        assertThat(second.joined().generation()).isEqualTo(3);
    }

    @Test
    void aMemberThatDoesNotFetchItsAssignmentInTimeIsOut() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first);
        second.startJoin();
        first.startJoin();
        first.joined();
        second.joined();
        first.startSyncAsLeader();

        keepBothAlive(first, second, Consumer.REBALANCE_MS);

        assertThat(second.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
    }

    private void keepBothAlive(Consumer one, Consumer other, long forMs) {
        for (long left = forMs; left > 0; left -= 1000) {
            one.heartbeat();
            other.heartbeat();
            stage.time.advanceMs(Math.min(left, 1000));
        }
    }

    @Test
    void aLeaderThatDiesBeforeItAssignsIsFollowedByAnother() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first);
        second.startJoin();
        first.startJoin();
        first.joined();
        second.joined();
        second.startSync();

        stage.time.advanceMs(Consumer.SESSION_MS);

        assertThat(second.syncError()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
        second.startJoin();
        assertThat(second.leads()).isTrue();
    }

    @Test
    void theLeaderCanCallForARebalanceAndAFollowerThatHasNotChangedCannot() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);
        int generation = first.generation;

        second.startJoin();
        assertThat(second.joined().generation()).isEqualTo(generation);
        assertThat(stage.state()).isEqualTo(GroupState.STABLE);

        first.startJoin();
        assertThat(first.joinWaits()).isTrue();
        assertThat(stage.state()).isEqualTo(GroupState.PREPARING_REBALANCE);
    }

    @Test
    void aFollowerThatChangesItsSubscriptionCallsForARebalance() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first, second);

        second.protocols = List.of(Consumer.subscribedTo("range", "user-events", "orders"));
        second.startJoin();

        assertThat(stage.state()).isEqualTo(GroupState.PREPARING_REBALANCE);
    }

    @Test
    void aMemberThatDidNotGetTheAnswerToItsJoinGetsItAgain() {
        var first = consumer("a");
        first.join();

        first.startJoin();

        assertThat(first.joined().generation()).isEqualTo(1);
        assertThat(first.joined().members()).hasSize(1);
    }

    @Test
    void theOlderOfTwoJoinsOfOneMemberIsAnsweredToo() {
        var first = consumer("a");
        settle(first);
        var late = consumer("b").startJoin();
        var older = late.sendJoin();
        late.sendJoin();

        assertThat(older.answer()).isPresent();
        assertThat(late.joinWaits()).isTrue();
    }

    @Test
    void theLastMemberLeavesAnEmptyGroupBehind() {
        var first = consumer("a");
        settle(first);

        assertThat(first.leave()).isEqualTo(ErrorCode.NONE);

        assertThat(stage.state()).isEqualTo(GroupState.EMPTY);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
        assertThat(first.leave()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void whoLeavesWhileItWaitsForTheLeaderIsAnswered() {
        var first = consumer("a");
        var second = consumer("b");
        settle(first);
        second.startJoin();
        first.startJoin();
        first.joined();
        second.joined();
        second.startSync();

        second.leave();

        assertThat(second.syncError()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void generationsOfAGroupOnlyGrow() {
        var first = consumer("a");
        settle(first);
        first.leave();
        var second = consumer("b").startJoin();

        assertThat(second.joined().generation()).isEqualTo(3);
    }

    @Test
    void whatAMemberSaysUnderAnOldGenerationIsRefused() {
        var first = consumer("a");
        settle(first);
        first.generation--;

        assertThat(first.heartbeat()).isEqualTo(ErrorCode.ILLEGAL_GENERATION);
        assertThat(first.startSync().syncError()).isEqualTo(ErrorCode.ILLEGAL_GENERATION);
        assertThat(first.commit(0, 1)).isEqualTo(ErrorCode.ILLEGAL_GENERATION);
    }

    @Test
    void theProtocolThatAllKnowAndMostPreferIsChosen() {
        var first = consumer("a").speaking("sticky", "range", "roundrobin");
        var second = consumer("b").speaking("roundrobin", "range");
        var third = consumer("c").speaking("range", "roundrobin");
        settle(first, second, third);

        assertThat(stage.describe().protocol()).isEqualTo("range");
    }

    @Test
    void whoSharesNoProtocolWithTheGroupCannotJoin() {
        settle(consumer("a").speaking("range"));

        var other = consumer("b").speaking("sticky").startJoin();
        var connect = consumer("c");
        connect.protocolType = "connect";
        connect.startJoin();

        assertThat(other.joinError()).isEqualTo(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        assertThat(connect.joinError()).isEqualTo(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }

    @Test
    void aSyncThatNamesAnotherProtocolIsRefused() {
        var first = consumer("a");
        first.join();
        var answer = new PendingAnswer<SyncAnswer>(() -> {});

        stage.groups()
                .sync(
                        new SyncRequest(
                                Stage.GROUP,
                                first.memberId,
                                Optional.empty(),
                                first.generation,
                                Optional.of("consumer"),
                                Optional.of("sticky"),
                                new HashMap<>()),
                        answer);

        assertThat(answer.answer().orElseThrow().value())
                .isEqualTo(new SyncAnswer.Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
    }

    @Test
    void aSessionTimeoutOutsideOfTheLimitsIsRefused() {
        var hasty = consumer("a");
        hasty.sessionTimeoutMs = 5_999;
        var patient = consumer("b");
        patient.sessionTimeoutMs = 1_800_001;

        assertThat(hasty.startJoin().joinError()).isEqualTo(ErrorCode.INVALID_SESSION_TIMEOUT);
        assertThat(patient.startJoin().joinError()).isEqualTo(ErrorCode.INVALID_SESSION_TIMEOUT);
    }

    @Test
    void aFullGroupTakesNobodyElse() {
        var stage = new Stage(GroupConfig.defaults().withMaxSize(1));
        var first = Consumer.of(stage, "a");
        first.join();
        first.startSyncAsLeader();

        assertThat(Consumer.of(stage, "b").startJoin().joinError()).isEqualTo(ErrorCode.GROUP_MAX_SIZE_REACHED);
        assertThat(first.heartbeat()).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void withAnInitialDelayTheMembersThatComeTogetherStartTogether() {
        var stage = new Stage(GroupConfig.defaults().withInitialRebalanceDelayMs(3000));
        var first = Consumer.of(stage, "a").startJoin();
        stage.time.advanceMs(2000);
        var second = Consumer.of(stage, "b").startJoin();

        stage.time.advanceMs(1000);
        assertThat(first.joinWaits()).as("somebody came, so it waits again").isTrue();
        stage.time.advanceMs(3000);

        assertThat(first.joined().generation()).isEqualTo(1);
        assertThat(second.joined().generation()).isEqualTo(1);
    }

    @Test
    void theInitialDelayEndsWithTheRebalanceTimeoutWhoeverElseComes() {
        var stage = new Stage(GroupConfig.defaults().withInitialRebalanceDelayMs(3000));
        var first = Consumer.of(stage, "a");
        first.rebalanceTimeoutMs = 10_000;
        first.startJoin();

        for (int i = 0; i < 10; i++) {
            stage.time.advanceMs(1000);
            var other = Consumer.of(stage, "b" + i);
            other.rebalanceTimeoutMs = 10_000;
            other.startJoin();
        }

        assertThat(first.joinWaits()).isFalse();
    }

    @Test
    void whenTheDiskIsFullNobodyGetsAnAssignmentThatARestartWouldForget() {
        var first = consumer("a");
        first.join();
        stage.log.full(true);

        first.startSyncAsLeader();

        assertThat(first.syncError()).isEqualTo(ErrorCode.COORDINATOR_NOT_AVAILABLE);
        stage.log.full(false);
        first.startJoin();
        first.joined();
        assertThat(first.startSyncAsLeader().assignment()).isEqualTo(first.assignmentOf(first.memberId));
    }

    @Test
    void aRefusedNewcomerLeavesNoGroupBehind() {
        var nothing = consumer("a");
        nothing.protocols = List.of();
        nothing.startJoin();

        assertThat(nothing.joinError()).isEqualTo(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        assertThat(stage.groups().list().value()).isEmpty();
    }

    @Test
    void aStoppingBrokerAnswersWhoeverWaits() {
        settle(consumer("a"));
        var late = consumer("b").startJoin();

        stage.groups().stop();

        assertThat(late.joinError()).isEqualTo(ErrorCode.NOT_COORDINATOR);
        assertThat(stage.time.scheduledTasks()).isZero();
    }
}
