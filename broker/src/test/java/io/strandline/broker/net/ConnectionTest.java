package io.strandline.broker.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.life.ManualTime;
import io.strandline.broker.net.Reply.Part;
import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.io.EOFException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConnectionTest {
    private static final int MEMORY = 4 * 1024 * 1024;

    /** For what must not be started to be started all the same, also where others have the processor. */
    private static final int LONG_ENOUGH_MS = 500;

    private final RequestMemory memory = new RequestMemory(MEMORY);
    private final BlockingQueue<Started> started = new LinkedBlockingQueue<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    /** A request whose reply waits until the test says so; it answers with its own bytes. */
    private static final class Started implements Pending {
        private final byte[] body;
        private final boolean droppable;
        private final Waiter waiter = new Waiter();
        private volatile boolean ready;

        private Started(ByteBuffer frame) {
            this.body = new byte[frame.remaining()];
            frame.get(body);
            this.droppable = text().startsWith("droppable");
            this.ready = text().startsWith("at once") || text().startsWith("refused");
        }

        private String text() {
            return new String(body, StandardCharsets.UTF_8).strip();
        }

        private void answer() {
            ready = true;
            waiter.wake();
        }

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public Waiter waiter() {
            return waiter;
        }

        @Override
        public Duration remaining() {
            return Duration.ofDays(1);
        }

        @Override
        public Outcome take() {
            if (text().startsWith("hang up") || text().startsWith("refused")) {
                return new Outcome.HangUp("It was asked for.");
            }
            if (text().equals("silence")) {
                return new Outcome.Silence();
            }
            var length = ByteBuffer.allocate(4).putInt(body.length).flip();
            return new Outcome.Answer(
                    new Reply(List.of(new Part.Bytes(length), new Part.Bytes(ByteBuffer.wrap(body)))));
        }

        @Override
        public boolean droppable() {
            return droppable;
        }

        @Override
        public boolean hangsUp() {
            return text().startsWith("refused");
        }

        @Override
        public boolean barrier() {
            return text().startsWith("barrier");
        }
    }

    @AfterEach
    void closeAll() throws Exception {
        for (var each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void aRequestStartsWhileTheOneBeforeWaitsAndRepliesLeaveInTheOrderOfRequests() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("request 1"));
        client.sendFrame(bytes("request 2"));
        var first = started();
        var second = started(); // W18: the first has not been answered

        second.answer();
        first.answer();

        assertThat(client.receiveFrame()).isEqualTo(bytes("request 1"));
        assertThat(client.receiveFrame()).isEqualTo(bytes("request 2"));
    }

    @Test
    void aReplyThatIsReadyAtOnceStillWaitsForThoseBeforeIt() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("request 1"));
        client.sendFrame(bytes("at once 2"));
        client.sendFrame(bytes("request 3"));
        var first = started();
        started();
        started().answer(); // the second has been dealt with when the third has been started

        first.answer();

        assertThat(client.receiveFrame()).isEqualTo(bytes("request 1"));
        assertThat(client.receiveFrame()).isEqualTo(bytes("at once 2"));
        assertThat(client.receiveFrame()).isEqualTo(bytes("request 3"));
    }

    @Test
    void nothingIsReadBehindABarrierUntilItsReplyHasBeenWritten() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("barrier 1"));
        client.sendFrame(bytes("request 2"));
        var barrier = started();
        assertThat(started.poll(LONG_ENOUGH_MS, TimeUnit.MILLISECONDS)).isNull();

        barrier.answer();

        assertThat(client.receiveFrame()).isEqualTo(bytes("barrier 1"));
        assertThat(started().text()).isEqualTo("request 2");
    }

    @Test
    void aRequestThatAsksForNoAnswerGetsNoneAndTheNextOneIsAnswered() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("silence "));
        client.sendFrame(bytes("at once 2"));
        started().answer();

        assertThat(client.receiveFrame()).isEqualTo(bytes("at once 2"));
    }

    @Test
    void whatCannotBeAnsweredClosesTheConnectionWithALineThatSaysWhy() throws Exception {
        try (var log = new LogCapture()) {
            var client = connect(listen(NetSettings.defaults()));
            client.sendFrame(bytes("at once 1"));
            client.sendFrame(bytes("hang up"));
            assertThat(client.receiveFrame()).isEqualTo(bytes("at once 1"));
            started();
            started().answer();

            assertThat(client.isClosedByServer()).isTrue();
            assertThat(log.lines()).anyMatch(line -> line.contains("It was asked for.") && line.contains("127.0.0.1"));
        }
    }

    @Test
    void nothingIsStartedAnyMoreBehindARequestThatClosesTheConnection() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("request 1"));
        client.sendFrame(bytes("refused 2"));
        client.sendFrame(bytes("request 3"));
        var first = started();
        assertThat(started().text()).isEqualTo("refused 2");
        assertThat(started.poll(LONG_ENOUGH_MS, TimeUnit.MILLISECONDS)).isNull();

        first.answer();

        assertThat(client.receiveFrame()).isEqualTo(bytes("request 1"));
        assertThat(client.isClosedByServer()).isTrue();
        assertThat(started).isEmpty();
    }

    @Test
    void aRequestGivesItsMemoryBackWhenItHasHadItsEffectThoughItsReplyWaits() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(bytes("request 1"));
        started();

        awaitUsed(0);
    }

    @Test
    void aRequestThatFindsNoMemoryWaitsAndIsThenServed() throws Exception {
        var held = memory.claim(3 * 1024 * 1024);
        assertThat(held.await()).isTrue();
        var client = connect(listen(NetSettings.defaults()));
        client.sendFrame(new byte[2 * 1024 * 1024]);
        assertThat(started.poll(LONG_ENOUGH_MS, TimeUnit.MILLISECONDS)).isNull();

        held.release();

        assertThat(started().body).hasSize(2 * 1024 * 1024);
    }

    @Test
    void strangersWhoAnnounceHugeRequestsAndFallSilentDoNotKeepOutSmallOnes() throws Exception {
        var listener = listen(NetSettings.defaults());
        for (int i = 0; i < 20; i++) {
            connect(listener).sendLength(2 * 1024 * 1024);
        }
        var client = connect(listener);
        client.sendFrame(bytes("at once 1"));

        assertThat(client.receiveFrame()).isEqualTo(bytes("at once 1"));
        assertThat(memory.usedBytes()).isLessThanOrEqualTo(MEMORY);
    }

    @Test
    void halfARequestThenSilenceIsClosedWhenItsTimeIsUpAndItsMemoryIsGivenBack() throws Exception {
        try (var log = new LogCapture()) {
            var patience = Duration.ofMillis(50);
            var client = connect(listen(new NetSettings(1024 * 1024, 10, 10, Duration.ofMinutes(1), patience)));
            client.sendLength(1000);
            client.send(new byte[10]);

            assertThat(client.isClosedByServer()).isTrue();
            assertThat(log.lines()).anyMatch(line -> line.contains("rest of a request"));
            awaitUsed(0);
        }
    }

    @Test
    void halfALengthThenSilenceIsClosedAsWell() throws Exception {
        var patience = Duration.ofMillis(50);
        var client = connect(listen(new NetSettings(1024 * 1024, 10, 10, Duration.ofMinutes(1), patience)));
        client.send(new byte[] {0, 0});

        assertThat(client.isClosedByServer()).isTrue();
    }

    @Test
    void aConnectionThatGetsNoThreadIsRefusedAndTheNextOneIsServed() throws Exception {
        var failures = new AtomicInteger(1);
        ThreadFactory factory = work -> {
            if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread (says the test)");
            }
            return Thread.ofPlatform().daemon().unstarted(work);
        };
        try (var log = new LogCapture()) {
            var listener = listen(NetSettings.defaults(), new ConnectionThreads(1, factory, factory));
            assertThat(connect(listener).isClosedByServer()).isTrue();
            awaitConnections(listener, 0);

            var next = connect(listener);
            next.sendFrame(bytes("at once 1"));
            assertThat(next.receiveFrame()).isEqualTo(bytes("at once 1"));
            assertThat(log.lines()).anyMatch(line -> line.contains("unable to create native thread"));
        }
    }

    @Test
    void aConnectionThatGetsNoWriterIsClosedAndForgotten() throws Exception {
        var started = new AtomicInteger();
        ThreadFactory factory = work -> {
            if (started.getAndIncrement() == 1) {
                throw new OutOfMemoryError("unable to create native thread (says the test)");
            }
            return Thread.ofPlatform().daemon().unstarted(work);
        };
        var listener = listen(NetSettings.defaults(), new ConnectionThreads(10, factory, factory));
        var client = connect(listener);
        client.sendFrame(bytes("request 1"));

        assertThat(client.isClosedByServer()).isTrue();
        awaitConnections(listener, 0);
    }

    @Test
    void aSilentConnectionIsClosedUnlessItIsOwedAReply() throws Exception {
        var idle = Duration.ofSeconds(1); // time enough to send something, however slow the machine is
        var listener = listen(new NetSettings(1024 * 1024, 10, 10, idle, Duration.ofMinutes(1)));
        var waiting = connect(listener);
        waiting.sendFrame(bytes("request 1"));
        var owed = started();
        var silent = connect(listener);

        assertThat(silent.isClosedByServer()).isTrue();
        owed.answer();
        assertThat(waiting.receiveFrame()).isEqualTo(bytes("request 1"));
    }

    @Test
    void whatIsNoKafkaRequestClosesTheConnectionWithALineThatHelpsAndOthersAreUnaffected() throws Exception {
        var listener = listen(NetSettings.defaults());
        var other = connect(listener);
        expectRefused(listener, "negative length", new byte[] {(byte) 0x80, 0, 0, 1});
        expectRefused(listener, "the shortest has 8", new byte[] {0, 0, 0, 0});
        expectRefused(listener, "socket.request.max.bytes", new byte[] {0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff});
        expectRefused(listener, "TLS handshake", new byte[] {0x16, 0x03, 0x01, 0x02, 0x00, 0x01});
        expectRefused(listener, "HTTP request", bytes("GET / HTTP/1.1\r\n\r\n"));

        other.sendFrame(bytes("at once 1"));
        assertThat(other.receiveFrame()).isEqualTo(bytes("at once 1"));
        awaitUsed(0);
    }

    @Test
    void theSameMistakeInALoopIsLoggedOnce() throws Exception {
        try (var log = new LogCapture()) {
            var listener = listen(NetSettings.defaults());
            for (int i = 0; i < 5; i++) {
                var client = connect(listener);
                client.sendLength(-1);
                assertThat(client.isClosedByServer()).isTrue();
            }
            assertThat(log.lines())
                    .filteredOn(line -> line.contains("negative length"))
                    .hasSize(1);
        }
    }

    @Test
    void moreConnectionsThanAllowedFromOneAddressAreRefused() throws Exception {
        try (var log = new LogCapture()) {
            var settings = new NetSettings(1024, 10, 2, Duration.ofMinutes(1), Duration.ofMinutes(1));
            var listener = listen(settings);
            var one = connect(listener);
            one.sendFrame(bytes("at once 1"));
            one.receiveFrame();
            var two = connect(listener);
            two.sendFrame(bytes("at once 2"));
            two.receiveFrame();

            assertThat(connect(listener).isClosedByServer()).isTrue();
            assertThat(log.lines()).anyMatch(line -> line.contains("max.connections.per.ip=2"));

            one.close();
            awaitConnections(listener, 1);
            var next = connect(listener);
            next.sendFrame(bytes("at once 3"));
            assertThat(next.receiveFrame()).isEqualTo(bytes("at once 3"));
        }
    }

    @Test
    void stoppingAnswersWhatWaitsForTheDiskAndHangsUpOnWhatWaitsForMore() throws Exception {
        var listener = listen(NetSettings.defaults());
        var producer = connect(listener);
        producer.sendFrame(bytes("request 1"));
        var owed = started();
        var consumer = connect(listener);
        consumer.sendFrame(bytes("droppable"));
        started();
        var stop = Thread.ofPlatform().start(() -> listener.close(Duration.ofSeconds(20)));
        assertThat(consumer.isClosedByServer()).isTrue();

        owed.answer();

        assertThat(producer.receiveFrame()).isEqualTo(bytes("request 1"));
        assertThat(producer.isClosedByServer()).isTrue();
        stop.join();
        assertThat(listener.connections()).isZero();
    }

    @Test
    void stoppingIsBoundedThoughAReplyNeverComes() throws Exception {
        var listener = listen(NetSettings.defaults());
        var client = connect(listener);
        client.sendFrame(bytes("request 1"));
        var stuck = started();

        listener.close(Duration.ofMillis(10));

        assertThat(client.isClosedByServer()).isTrue();
        stuck.answer();
    }

    @Test
    void aClientThatHangsUpWithinARequestIsForgotten() throws Exception {
        var listener = listen(NetSettings.defaults());
        var client = connect(listener);
        client.sendLength(100);
        client.close();

        awaitConnections(listener, 0);
        awaitUsed(0);
    }

    @Test
    void requestsLargerThanTheInboxArriveWhole() throws Exception {
        var client = connect(listen(NetSettings.defaults()));
        for (int size : new int[] {8, 16 * 1024, 16 * 1024 + 1, 1024 * 1024, 1024 * 1024 + 7, 3 * 1024 * 1024 + 5}) {
            var body = new byte[size];
            new java.util.Random(size).nextBytes(body);
            client.sendFrame(body);
            started().answer();
            assertThat(client.receiveFrame()).isEqualTo(body);
        }
    }

    @Test
    void aSliceThatIsShorterThanItSaysIsAnErrorNotASilentGap() {
        var slice = new Part.Slice() {
            @Override
            public long length() {
                return 10;
            }

            @Override
            public long transferTo(long from, java.nio.channels.GatheringByteChannel channel) {
                return 0;
            }
        };
        assertThatThrownBy(() -> new Reply(List.of(slice)).toBuffer())
                .isInstanceOf(java.io.IOException.class)
                .isNotInstanceOf(EOFException.class)
                .hasMessageContaining("10 bytes ended after 0");
    }

    private Listener listen(NetSettings settings) throws Exception {
        return listen(settings, new ConnectionThreads(4));
    }

    private Listener listen(NetSettings settings, ConnectionThreads threads) throws Exception {
        var shared = new Listener.Shared(
                settings,
                (frame, session) -> {
                    var request = new Started(frame);
                    started.add(request);
                    return request;
                },
                memory,
                threads,
                new Complaints(new ManualTime()), // so "once in 10 s" does not depend on how fast the machine is
                Time.SYSTEM);
        var listener = Listener.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), shared);
        open.add(() -> {
            started.forEach(Started::answer);
            listener.close(Duration.ZERO);
        });
        return listener;
    }

    private RawClient connect(Listener listener) throws Exception {
        var client = new RawClient(listener.address());
        open.add(client);
        return client;
    }

    private Started started() throws InterruptedException {
        var request = started.poll(30, TimeUnit.SECONDS);
        assertThat(request).as("a started request").isNotNull();
        return request;
    }

    private void expectRefused(Listener listener, String sentence, byte[] garbage) throws Exception {
        try (var log = new LogCapture()) {
            var complaints = new Complaints(Time.SYSTEM);
            var shared = new Listener.Shared(
                    NetSettings.defaults(),
                    (frame, session) -> new Started(frame),
                    memory,
                    new ConnectionThreads(0),
                    complaints,
                    Time.SYSTEM);
            try (var fresh = Listener.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), shared)) {
                var client = connect(fresh);
                client.send(garbage);
                assertThat(client.isClosedByServer()).as(sentence).isTrue();
            }
            assertThat(log.lines()).anyMatch(line -> line.contains(sentence));
            assertThat(listener.connections()).isLessThanOrEqualTo(1);
        }
    }

    private void awaitUsed(long bytes) {
        await(() -> memory.usedBytes() == bytes);
    }

    private static void awaitConnections(Listener listener, int count) {
        await(() -> listener.connections() == count);
    }

    private static void await(java.util.function.BooleanSupplier fact) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time limit").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static byte[] bytes(String text) {
        var padded = text.length() < 8 ? text + " ".repeat(8 - text.length()) : text;
        return padded.getBytes(StandardCharsets.UTF_8);
    }
}
