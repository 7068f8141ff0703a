package io.strandline.broker.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RequestMemoryTest {
    private static final int LIMIT = 1000;
    private static final int LARGE = 400;
    private static final int SMALL = 20;

    private final RequestMemory memory = new RequestMemory(LIMIT);

    @Test
    void largeRequestsShareHalfOfTheRoomSoThatSmallOnesAlwaysFindSome() {
        assertThat(memory.claim(LARGE).await()).isTrue();
        var second = memory.claim(LARGE);

        assertThat(memory.usedBytes()).isEqualTo(LARGE);
        assertThat(memory.claim(SMALL).await()).isTrue();
        second.release();
        assertThat(memory.usedBytes()).isEqualTo(LARGE + SMALL);
    }

    @Test
    void oneRequestMayBeAsLargeAsTheWholeLimitAndNoneLarger() {
        assertThat(memory.claim(LIMIT).await()).isTrue();
        assertThatThrownBy(() -> memory.claim(LIMIT + 1)).hasMessageContaining("1001");
    }

    @Test
    void whoLeavesTheLineIsNotWaitedForAndReleasingTwiceGivesBackOnce() {
        var held = memory.claim(LIMIT);
        var gaveUp = memory.claim(SMALL);
        var next = memory.claim(SMALL);
        gaveUp.release();
        assertThat(gaveUp.await()).isFalse();

        held.release();
        held.release();

        assertThat(next.await()).isTrue();
        assertThat(memory.usedBytes()).isEqualTo(SMALL);
    }

    @Test // W17
    void aRequestIsNotReadBeforeThereIsRoomForIt() throws Exception {
        var held = memory.claim(LIMIT);
        var bytes = ByteBuffer.allocate(4 + SMALL).putInt(SMALL).array();
        var frames =
                new Frames(Channels.newChannel(new ByteArrayInputStream(bytes)), LIMIT, memory, new IgnoredProgress());
        var read = new AtomicReference<@Nullable Frame>();
        var reader = Thread.ofPlatform().daemon().start(() -> {
            try {
                read.set(frames.next());
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        while (reader.getState() != Thread.State.WAITING) {
            assertThat(reader.isAlive()).as("waiting for memory, not done").isTrue();
            Thread.onSpinWait();
        }

        held.release();

        reader.join();
        assertThat(read.get())
                .isNotNull()
                .satisfies(frame -> assertThat(frame.bytes().remaining()).isEqualTo(SMALL));
    }

    private static final class IgnoredProgress implements Frames.Progress {
        @Override
        public void begun(int length) {
            // Nobody watches.
        }

        @Override
        public void moved() {
            // Nobody watches.
        }

        @Override
        public void ended() {
            // Nobody watches.
        }
    }
}
