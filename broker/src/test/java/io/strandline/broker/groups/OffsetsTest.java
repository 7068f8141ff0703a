package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OffsetsTest {
    private static final TopicPartition ZERO = new TopicPartition("user-events", 0);
    private static final TopicPartition ONE = new TopicPartition("user-events", 1);
    private static final long DAY_MS = 24L * 60 * 60 * 1000;

    private final Stage stage = new Stage(GroupConfig.defaults().withOffsetsRetentionMs(7 * DAY_MS));
    private final Consumer tool = Consumer.of(stage, "tool");

    private Consumer member() {
        var member = Consumer.of(stage, "a");
        member.join();
        member.startSyncAsLeader();
        return member;
    }

    private Map<TopicPartition, CommittedOffset> offsets() {
        return stage.groups().offsets(Stage.GROUP).value();
    }

    private CommitAnswer commit(OptionalLong retentionMs, CommitRequest.OffsetToCommit... offsets) {
        return stage.groups()
                .commit(new CommitRequest(Stage.GROUP, "", Optional.empty(), -1, retentionMs, List.of(offsets)))
                .value();
    }

    @Test
    void aCommittedOffsetIsFoundAgainWithEverythingThatCameWithIt() {
        commit(OptionalLong.empty(), Consumer.offset(0, 42, "checkpoint 7"));

        assertThat(offsets())
                .isEqualTo(Map.of(
                        ZERO,
                        new CommittedOffset(
                                42,
                                OptionalInt.of(3),
                                "checkpoint 7",
                                stage.time.wallMs(),
                                OptionalLong.empty(),
                                CommittedOffset.NO_TOPIC_ID)));
    }

    @Test
    void theLiteralOffsetsOfKafkaJsAreKeptAsTheyAre() {
        tool.commit(0, -1);
        tool.commit(1, -2);

        assertThat(offsets().get(ZERO).offset()).isEqualTo(-1);
        assertThat(offsets().get(ONE).offset()).isEqualTo(-2);
    }

    @Test
    void aCommitIsAcknowledgedWhenItIsOnTheDisk() {
        var commit = tool.sendCommit(0, 1);

        assertThat(stage.log.isDurable(commit.durableFrom())).isFalse();
        stage.log.force();
        assertThat(stage.log.isDurable(commit.durableFrom())).isTrue();
    }

    @Test
    void anOffsetThatAPowerCutCouldTakeBackIsNotTold() {
        tool.sendCommit(0, 1);

        assertThat(stage.log.isDurable(stage.groups().offsets(Stage.GROUP).durableFrom()))
                .isFalse();
    }

    @Test
    void theDeletionOfAGroupIsNotToldBeforeItIsOnTheDisk() {
        tool.sendCommit(0, 1);
        stage.log.force();
        stage.groups().delete(Stage.GROUP);

        var nothing = stage.groups().offsets(Stage.GROUP);

        assertThat(nothing.value()).isEmpty();
        assertThat(stage.log.isDurable(nothing.durableFrom())).isFalse();
    }

    @Test
    void whoIsNotAMemberCannotMoveTheOffsetsOfAGroupThatHasMembers() {
        member();

        assertThat(tool.commit(0, 1)).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void whoIsNotAMemberCanWhenTheGroupIsEmpty() {
        member().leave();

        assertThat(tool.commit(0, 1)).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void aMemberCommitsWhileOthersJoinAndNotWhileTheLeaderAssigns() {
        var member = member();
        var late = Consumer.of(stage, "b").startJoin();

        assertThat(member.commit(0, 1)).isEqualTo(ErrorCode.NONE);
        member.startJoin();
        member.joined();
        late.joined();
        assertThat(member.commit(0, 2)).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS);
    }

    @Test
    void aMemberOfAGroupThatDoesNotExistIsTold() {
        tool.memberId = "somebody";
        tool.generation = 3;

        assertThat(tool.commit(0, 1)).isEqualTo(ErrorCode.GROUP_ID_NOT_FOUND);
    }

    @Test
    void tooMuchMetadataCostsThatOffsetOnly() {
        var answer = commit(
                OptionalLong.empty(), Consumer.offset(0, 1, "x".repeat(4097)), Consumer.offset(1, 1, "x".repeat(4096)));

        assertThat(answer).isEqualTo(new CommitAnswer.Committed(Set.of(ZERO)));
        assertThat(offsets()).containsOnlyKeys(ONE);
    }

    @Test
    void aCommitThatTheDiskHasNoRoomForChangesNothing() {
        tool.commit(0, 1);
        stage.log.full(true);

        assertThat(tool.commit(0, 2)).isEqualTo(ErrorCode.COORDINATOR_NOT_AVAILABLE);
        assertThat(offsets().get(ZERO).offset()).isEqualTo(1);
    }

    @Test
    void offsetsOfAConsumerOutsideOfGroupsExpireAfterTheirLastCommit() {
        tool.commit(0, 1);
        stage.time.advanceMs(DAY_MS);
        tool.commit(1, 1);

        stage.time.advanceMs(6 * DAY_MS);
        assertThat(offsets()).containsOnlyKeys(ONE);
        stage.time.advanceMs(DAY_MS + 600_000);
        assertThat(stage.groups().list().value()).isEmpty();
    }

    @Test
    void offsetsOfAGroupExpireAfterItsLastMemberHasGone() {
        var member = member();
        member.commit(0, 1);
        for (int hour = 0; hour < 24 * 10; hour++) {
            stage.time.advanceMs(Consumer.SESSION_MS / 2);
            member.heartbeat();
        }
        member.leave();

        stage.time.advanceMs(7 * DAY_MS - 1);
        assertThat(offsets()).isNotEmpty();
        stage.time.advanceMs(600_001);
        assertThat(offsets()).isEmpty();
        assertThat(stage.groups().describe(Stage.GROUP).value()).isEmpty();
    }

    @Test
    void anOffsetOfATopicThatTheMembersReadDoesNotExpire() {
        var stage = new Stage(GroupConfig.defaults().withOffsetsRetentionMs(60_000));
        var member = Consumer.of(stage, "a");
        member.join();
        member.startSyncAsLeader();
        member.commit(0, 1);
        stage.groups()
                .commit(new CommitRequest(
                        Stage.GROUP,
                        member.memberId,
                        Optional.empty(),
                        member.generation,
                        OptionalLong.empty(),
                        List.of(new CommitRequest.OffsetToCommit(
                                new TopicPartition("no-longer-read", 0),
                                CommittedOffset.NO_TOPIC_ID,
                                5,
                                OptionalInt.empty(),
                                ""))));

        for (int i = 0; i < 130; i++) {
            stage.time.advanceMs(5_000);
            member.heartbeat();
        }

        assertThat(stage.groups().offsets(Stage.GROUP).value()).containsOnlyKeys(ZERO);
    }

    @Test
    void aRetentionThatTheClientChoseItselfCounts() {
        commit(OptionalLong.of(60_000), Consumer.offset(0, 1, ""));
        commit(OptionalLong.of(10 * DAY_MS), Consumer.offset(1, 1, ""));

        stage.time.advanceMs(8 * DAY_MS);

        assertThat(offsets()).containsOnlyKeys(ONE);
    }

    @Test
    void aGroupIsDeletedWithItsOffsetsWhenNobodyIsInIt() {
        var member = member();
        member.commit(0, 1);
        assertThat(stage.groups().delete(Stage.GROUP).value()).isEqualTo(ErrorCode.NON_EMPTY_GROUP);
        member.leave();

        assertThat(stage.groups().delete(Stage.GROUP).value()).isEqualTo(ErrorCode.NONE);

        assertThat(offsets()).isEmpty();
        assertThat(stage.groups().delete(Stage.GROUP).value()).isEqualTo(ErrorCode.GROUP_ID_NOT_FOUND);
        stage.restart();
        assertThat(stage.groups().list().value()).isEmpty();
    }

    @Test
    void offsetsOfTopicsThatTheGroupReadsAreNotDeletedOnRequest() {
        var member = member();
        member.commit(0, 1);
        var other = new TopicPartition("orders", 0);

        var answer =
                stage.groups().deleteOffsets(Stage.GROUP, List.of(ZERO, other)).value();

        assertThat(answer).isEqualTo(new OffsetDeleteAnswer.Deleted(Set.of(ZERO)));
        assertThat(offsets()).containsKey(ZERO);
    }

    @Test
    void offsetsOfAnEmptyGroupAreDeletedOnRequest() {
        tool.commit(0, 1);
        tool.commit(1, 1);

        stage.groups().deleteOffsets(Stage.GROUP, List.of(ZERO));

        assertThat(offsets()).containsOnlyKeys(ONE);
        assertThat(stage.groups().deleteOffsets("nobody", List.of(ZERO)).value())
                .isEqualTo(new OffsetDeleteAnswer.Refused(ErrorCode.GROUP_ID_NOT_FOUND));
    }

    @Test
    void theOffsetsOfADeletedTopicGoWithIt() {
        var deleted = new UUID(1, 1);
        var successor = new UUID(2, 2);
        commit(
                OptionalLong.empty(),
                new CommitRequest.OffsetToCommit(ZERO, deleted, 1, OptionalInt.empty(), ""),
                new CommitRequest.OffsetToCommit(ONE, successor, 1, OptionalInt.empty(), ""));

        stage.groups().forgetTopic("user-events", deleted);

        assertThat(offsets()).containsOnlyKeys(ONE);
    }

    @Test
    void anOffsetOfAnEarlierTopicOfTheSameNameMeansNothing() {
        var offset = new CommittedOffset(1, OptionalInt.empty(), "", 0, OptionalLong.empty(), new UUID(1, 1));

        assertThat(offset.belongsTo(new UUID(1, 1))).isTrue();
        assertThat(offset.belongsTo(CommittedOffset.NO_TOPIC_ID)).isTrue();
        assertThat(offset.belongsTo(new UUID(2, 2))).isFalse();
    }
}
