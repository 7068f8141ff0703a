package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Members with a group.instance.id (KIP-345). */
class StaticMembersTest {
    private final Stage stage = new Stage();
    private final Consumer one = Consumer.of(stage, "a").asInstance("one");
    private final Consumer two = Consumer.of(stage, "b").asInstance("two");

    /** Both are in, "one" leads. */
    private void settle() {
        one.join();
        one.startSyncAsLeader();
        two.startJoin();
        one.startJoin();
        one.joined();
        two.joined();
        one.startSyncAsLeader();
        two.startSync();
        assertThat(stage.state()).isEqualTo(GroupState.STABLE);
    }

    private Consumer restarted(String instance) {
        return Consumer.of(stage, "restarted").asInstance(instance);
    }

    @Test
    void aStaticMemberNeedsNoSecondRoundForItsId() {
        one.sendJoin();

        assertThat(one.joined().memberId()).startsWith("one-");
    }

    @Test
    void aRestartedMemberGetsItsAssignmentBackAndNobodyNotices() {
        settle();
        var before = two.assignment();
        var again = restarted("two");

        again.join();

        assertThat(again.generation).isEqualTo(two.generation);
        assertThat(again.startSync().assignment()).isEqualTo(before);
        assertThat(one.heartbeat()).isEqualTo(ErrorCode.NONE);
        assertThat(again.memberId).isNotEqualTo(two.memberId);
    }

    @Test
    void theProcessThatWasReplacedIsFenced() {
        settle();
        restarted("two").join();

        assertThat(two.heartbeat()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
        assertThat(two.commit(0, 1)).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
        assertThat(two.startSync().syncError()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
        assertThat(two.startJoin().joinError()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
        assertThat(two.leave()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
    }

    @Test
    void theNewIdIsToldOnlyWhenTheDiskKnowsIt() {
        settle();
        stage.log.force();

        var again = restarted("two");
        var answer = again.sendJoin().answer().orElseThrow();

        assertThat(stage.log.isDurable(answer.durableFrom())).isFalse();
    }

    @Test
    void aRestartedLeaderIsToldThatThereIsNothingToAssign() {
        settle();
        var again = restarted("one");

        var joined = again.join();

        assertThat(joined.leader()).contains(again.memberId);
        assertThat(joined.skipAssignment()).isTrue();
        assertThat(joined.members()).hasSize(2);
    }

    @Test
    void aRestartedLeaderThatCannotSkipTheAssignmentIsNotToldThatItLeads() {
        settle();
        var again = restarted("one").old();

        var joined = again.join();

        assertThat(joined.leader()).contains(one.memberId);
        assertThat(joined.members()).isEmpty();
        assertThat(again.startSync().assignment()).isEqualTo(one.assignment());
    }

    @Test
    void aRestartedMemberThatChangesTheGroupsProtocolCausesARebalance() {
        one.speaking("range", "sticky");
        two.speaking("range", "sticky");
        settle();
        var again = restarted("two").speaking("sticky");
        again.startJoin();

        assertThat(again.joinWaits()).isTrue();
        one.startJoin();
        assertThat(again.joined().protocol()).contains("sticky");
    }

    @Test
    void aMemberThatIsRestartedWhileTheLeaderAssignsCausesAnotherRebalance() {
        one.join();
        one.startSyncAsLeader();
        two.startJoin();
        one.startJoin();
        one.joined();
        two.joined();

        var again = restarted("two");
        again.startJoin();

        assertThat(again.joinWaits()).isTrue();
        assertThat(one.startSync().syncError()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
    }

    @Test
    void theJoinOfAFencedProcessIsAnswered() {
        settle();
        Consumer.of(stage, "c").startJoin();
        two.startJoin();
        assertThat(two.joinWaits()).isTrue();

        restarted("two").startJoin();

        assertThat(two.joinError()).isEqualTo(ErrorCode.FENCED_INSTANCE_ID);
    }

    @Test
    void aStaticMemberThatMissesARebalanceKeepsItsPlaceUntilItsSessionIsOver() {
        two.sessionTimeoutMs = 300_000;
        settle();
        one.startJoin();

        stage.time.advanceMs(Consumer.REBALANCE_MS);

        assertThat(one.joined().members())
                .extracting(JoinAnswer.JoinedMember::instanceId)
                .contains(Optional.of("two"));
    }

    @Test
    void anOperatorRemovesAStaticMemberByItsInstanceId() {
        settle();

        var left = stage.groups()
                .leave(new LeaveRequest(
                        Stage.GROUP,
                        List.of(
                                new LeaveRequest.Leaver("", Optional.of("two"), "by hand"),
                                new LeaveRequest.Leaver("", Optional.of("three"), "by hand"))))
                .value();

        assertThat(left)
                .extracting(LeaveRequest.Left::error)
                .containsExactly(ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID);
        assertThat(two.heartbeat()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void whenTheDiskIsFullTheOldProcessKeepsItsPlace() {
        settle();
        stage.log.full(true);
        var again = restarted("two").startJoin();

        assertThat(again.joinError()).isEqualTo(ErrorCode.COORDINATOR_NOT_AVAILABLE);
        assertThat(two.heartbeat()).isEqualTo(ErrorCode.NONE);
    }
}
