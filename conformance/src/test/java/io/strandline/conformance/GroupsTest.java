package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.poll;
import static io.strandline.conformance.JavaClient.pollUntil;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class GroupsTest {
    private final JavaClient java;

    GroupsTest(Subject subject) {
        java = new JavaClient(subject.shared());
    }

    @Test
    void aGroupResumesWhereItCommitted() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b", "c");
        try (var member = java.member(group)) {
            member.subscribe(List.of(topic));
            poll(member, 3);
            member.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(2, "so far")));
        }
        try (var member = java.member(group)) {
            member.subscribe(List.of(topic));
            assertThat(values(poll(member, 1))).containsExactly("c");
            var committed = member.committed(Set.of(new TopicPartition(topic, 0)));
            assertThat(committed.get(new TopicPartition(topic, 0))).isEqualTo(new OffsetAndMetadata(2, "so far"));
        }
    }

    @Test
    void automaticCommitsAreKept() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b");
        try (var member = java.member(group, "enable.auto.commit=true")) {
            member.subscribe(List.of(topic));
            poll(member, 2);
        }
        java.send(topic, "c");
        try (var member = java.member(group)) {
            member.subscribe(List.of(topic));
            assertThat(values(poll(member, 1))).containsExactly("c");
        }
    }

    @Test
    void aMemberThatJoinsLateTakesItsShareAndALeaverGivesItBack() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        var early = java.member(group);
        try (var late = java.member(group)) {
            early.subscribe(List.of(topic));
            pollUntil(() -> early.assignment().size() == 4, List.of(early));

            late.subscribe(List.of(topic));
            pollUntil(() -> early.assignment().size() == 2 && late.assignment().size() == 2, List.of(early, late));
            assertThat(early.assignment()).doesNotContainAnyElementsOf(late.assignment());

            early.close();
            pollUntil(() -> late.assignment().size() == 4, List.of(late));
        }
    }

    @Test
    void twoMembersReadEveryMessageOnceBetweenThem() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        try (var one = java.member(group);
                var other = java.member(group)) {
            one.subscribe(List.of(topic));
            other.subscribe(List.of(topic));
            pollUntil(() -> one.assignment().size() == 2 && other.assignment().size() == 2, List.of(one, other));
            try (var producer = java.producer()) {
                IntStream.range(0, 200).forEach(i -> producer.send(new ProducerRecord<>(topic, i % 4, null, "m" + i)));
            }
            var read = new ArrayList<>(values(poll(one, 100)));
            read.addAll(values(poll(other, 100)));
            assertThat(read).hasSize(200);
            assertThat(new HashSet<>(read)).hasSize(200);
        }
    }

    @Test
    void aCooperativeGroupKeepsWhatItNeedNotGive() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        var assignor = "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        try (var early = java.member(group, assignor);
                var late = java.member(group, assignor)) {
            early.subscribe(List.of(topic));
            pollUntil(() -> early.assignment().size() == 4, List.of(early));
            late.subscribe(List.of(topic));
            pollUntil(() -> early.assignment().size() == 2 && late.assignment().size() == 2, List.of(early, late));
            assertThat(early.assignment()).doesNotContainAnyElementsOf(late.assignment());
        }
    }

    @Test
    void aStaticMemberComesBackToItsPartitionsWithoutARebalance() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        try (var stays = java.member(group, "group.instance.id=stays")) {
            var leaves = java.member(group, "group.instance.id=leaves");
            stays.subscribe(List.of(topic));
            leaves.subscribe(List.of(topic));
            pollUntil(
                    () -> stays.assignment().size() == 2 && leaves.assignment().size() == 2, List.of(stays, leaves));
            var before = Set.copyOf(leaves.assignment());
            int generation = stays.groupMetadata().generationId();
            leaves.close(); // A static member does not leave when it closes.

            try (var returned = java.member(group, "group.instance.id=leaves")) {
                returned.subscribe(List.of(topic));
                pollUntil(() -> returned.assignment().size() == 2, List.of(returned, stays));
                assertThat(returned.assignment()).isEqualTo(before);
                assertThat(stays.groupMetadata().generationId()).isEqualTo(generation);
            }
        }
    }

    @Test
    void aSilentMemberLosesItsPartitions() {
        var topic = java.topic(2);
        var group = JavaClient.name("group");
        try (var stays = java.member(group, "session.timeout.ms=6000")) {
            Consumer<String, String> silent = java.member(group, "session.timeout.ms=6000");
            stays.subscribe(List.of(topic));
            silent.subscribe(List.of(topic));
            pollUntil(
                    () -> stays.assignment().size() == 1 && silent.assignment().size() == 1, List.of(stays, silent));
            silent.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
            pollUntil(() -> stays.assignment().size() == 2, List.of(stays));
        }
    }

    @Test
    void aMemberThatTheGroupWentOnWithoutCannotCommit() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a");
        try (var slow = java.member(group, "max.poll.interval.ms=700");
                var next = java.member(group)) {
            slow.subscribe(List.of(topic));
            poll(slow, 1);
            next.subscribe(List.of(topic));
            pollUntil(() -> next.assignment().size() == 1, List.of(next));
            assertThatThrownBy(slow::commitSync).isInstanceOf(CommitFailedException.class);
        }
    }

    @Test
    void aGroupWithoutCommitsHasNone() {
        var topic = java.topic(1);
        try (var member = java.member(JavaClient.name("group"))) {
            assertThat(member.committed(Set.of(new TopicPartition(topic, 0))).get(new TopicPartition(topic, 0)))
                    .isNull();
        }
    }

    @Test
    void aCommitOutsideOfAnyMembershipIsKept() {
        var topic = java.topic(2);
        var group = JavaClient.name("group");
        var partition = new TopicPartition(topic, 1);
        try (var simple = java.member(group)) {
            simple.assign(List.of(partition));
            simple.commitSync(Map.of(partition, new OffsetAndMetadata(7, Optional.of(0), "seven")));
        }
        try (var admin = java.admin()) {
            var offsets = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
            assertThat(offsets).isEqualTo(Map.of(partition, new OffsetAndMetadata(7, Optional.of(0), "seven")));
            get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3)))
                    .all());
            offsets = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
            assertThat(offsets.get(partition).offset()).isEqualTo(3);
        }
    }

    @Test
    void groupsAreListedAndDescribed() {
        var topic = java.topic(2);
        var group = JavaClient.name("group");
        try (var admin = java.admin()) {
            try (var member = java.member(group, "client.id=the-client")) {
                member.subscribe(List.of(topic));
                pollUntil(() -> member.assignment().size() == 2, List.of(member));

                assertThat(get(admin.listGroups(ListGroupsOptions.forConsumerGroups())
                                .all()))
                        .anySatisfy(listed -> assertThat(listed.groupId()).isEqualTo(group));
                var description =
                        get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
                assertThat(description.groupState()).isEqualTo(GroupState.STABLE);
                assertThat(description.partitionAssignor()).isEqualTo("range");
                assertThat(description.members()).singleElement().satisfies(described -> {
                    assertThat(described.clientId()).isEqualTo("the-client");
                    assertThat(described.host()).isEqualTo("/127.0.0.1");
                    assertThat(described.assignment().topicPartitions()).isEqualTo(member.assignment());
                });
                member.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0)));
            }
            var description =
                    get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            assertThat(description.groupState()).isEqualTo(GroupState.EMPTY);
            assertThat(description.members()).isEmpty();
        }
    }

    @Test
    void aMemberThatWakesUpAfterALongSilenceReadsOn() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a");
        // Time enough to commit on a slow machine, and not much more: the silence has to be longer.
        try (var member = java.member(group, "max.poll.interval.ms=2000")) {
            member.subscribe(List.of(topic));
            poll(member, 1);
            member.commitSync();
            try (var other = java.member(group)) {
                other.subscribe(List.of(topic));
                pollUntil(() -> other.assignment().size() == 1, List.of(other));
            }
            java.send(topic, "b");
            assertThat(values(poll(member, 1))).containsExactly("b");
            member.poll(Duration.ZERO);
        }
    }
}
