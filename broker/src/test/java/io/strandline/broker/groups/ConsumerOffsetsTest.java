package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.ManualTime;
import io.strandline.broker.topics.Facts;
import io.strandline.storage.Durability;
import io.strandline.storage.Durability.State;
import io.strandline.storage.LogId;
import io.strandline.storage.MemoryDisk;
import io.strandline.storage.Store;
import io.strandline.storage.StoreConfig;
import io.strandline.storage.Waiter;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ConsumerOffsetsTest {
    private static final UUID TOPIC = new UUID(1, 2);

    private final ManualTime time = new ManualTime();
    private State creation = State.PENDING;

    @Test // W15
    void whatIsInATopicThatAPowerCutCouldTakeBackIsNotDurable() throws Exception {
        try (var store =
                Store.open(new MemoryDisk(), StoreConfig.defaults(), new Facts(time, Map.of(), () -> TOPIC), time)) {
            var place = new ConsumerOffsets.Place(store.log(new LogId(TOPIC, 0)), created());
            var offsets = new ConsumerOffsets(() -> place, time);
            var at = (EventLog.Appended.At) offsets.append(List.of(new Event.GroupDeleted("group")));
            while (store.committer().due()) {
                store.committer().cycle();
            }

            assertThat(place.log().durable(at.endOffset()).state()).isEqualTo(State.DURABLE);
            assertThat(offsets.isDurable(at.endOffset())).isFalse();

            creation = State.DURABLE;
            assertThat(offsets.isDurable(at.endOffset())).isTrue();
        }
    }

    private Durability created() {
        return new Durability() {
            @Override
            public State state() {
                return creation;
            }

            @Override
            public void notify(Waiter waiter) {
                // Nobody waits here.
            }
        };
    }
}
