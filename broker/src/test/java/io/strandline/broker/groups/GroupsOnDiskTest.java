package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.topics.Facts;
import io.strandline.storage.Disk;
import io.strandline.storage.MemoryDisk;
import io.strandline.storage.Store;
import io.strandline.storage.StoreConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Groups over the real log engine, without its threads. */
class GroupsOnDiskTest {
    private final VirtualTime time = new VirtualTime();
    private final Disk disk = new MemoryDisk();
    private long ids;
    private Store store;
    private GroupsOnDisk opened;

    private void open() throws Exception {
        var facts = new Facts(time, Map.of(), () -> new UUID(1, ++ids));
        store = Store.open(disk, StoreConfig.defaults().withJournalBytes(4 << 20), facts, time);
        facts.begin(store.metadata(), "cluster", 1);
        force();
        opened = GroupsOnDisk.open(GroupConfig.defaults(), store, facts.topics(), time, time, () -> new UUID(2, ++ids));
    }

    private void force() {
        while (store.committer().due()) {
            store.committer().cycle();
        }
    }

    private Settled<CommitAnswer> commit(String group, int partition, long offset) {
        return opened.groups()
                .commit(new CommitRequest(
                        group,
                        "",
                        Optional.empty(),
                        -1,
                        OptionalLong.empty(),
                        List.of(Consumer.offset(partition, offset, "some metadata"))));
    }

    @Test
    void nothingIsWrittenAsLongAsThereIsNothingToKeep() throws Exception {
        open();
        opened.groups().offsets("g");

        assertThat(opened.log().length()).isZero();
    }

    @Test
    void theFirstCommitIsDurableTogetherWithTheTopicThatItMakes() throws Exception {
        open();

        var commit = commit("g", 0, 1);

        assertThat(opened.log().isDurable(commit.durableFrom())).isFalse();
        force();
        assertThat(opened.log().isDurable(commit.durableFrom())).isTrue();
    }

    @Test
    void aLogOfManyReadsIsReadWholeAndBecomesShort() throws Exception {
        open();
        for (int i = 0; i < 30_000; i++) {
            commit("g" + i % 7, i % 3, i);
        }
        force();
        var before = opened.groups().offsets("g3").value();
        store.close();

        open();
        assertThat(opened.groups().offsets("g3").value()).isEqualTo(before);
        assertThat(opened.log().length()).isEqualTo(30_000);
        opened.groups().rewriteIfLong();
        force();
        opened.groups().rewriteIfLong();
        assertThat(opened.log().length()).isEqualTo(21);
        force();
        store.close();

        open();
        assertThat(opened.groups().offsets("g3").value()).isEqualTo(before);
        assertThat(opened.log().length()).isEqualTo(21);
    }
}
