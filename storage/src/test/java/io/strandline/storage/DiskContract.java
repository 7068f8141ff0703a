package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every disk does. Each kind of disk runs all of it. */
abstract class DiskContract {
    private static final long PATIENCE_SECONDS = 30;

    private Disk disk;

    /** An empty disk. */
    abstract Disk newDisk() throws IOException;

    @BeforeEach
    void start() throws IOException {
        disk = newDisk();
    }

    @Test
    void whatIsWrittenCanBeRead() throws IOException {
        try (var file = disk.create("a")) {
            file.write(0, bytes("one"), bytes(""), bytes(" two"), bytes(" three"));
            file.write(3, bytes("-"));

            assertThat(text(file)).isEqualTo("one-two three");
            assertThat(file.size()).isEqualTo(13);
        }
    }

    @Test
    void writingAdvancesTheBuffersToTheirEnd() throws IOException {
        var first = bytes("0123").position(1);
        var second = disk.allocate(10).put(bytes("abcd")).flip().position(2);
        try (var file = disk.create("a")) {
            file.write(0, first, second);

            assertThat(text(file)).isEqualTo("123cd");
            assertThat(first.hasRemaining()).isFalse();
            assertThat(second.hasRemaining()).isFalse();
        }
    }

    @Test
    void aGapReadsAsZeros() throws IOException {
        try (var file = disk.create("a")) {
            file.write(200_000, bytes("x"));

            assertThat(file.size()).isEqualTo(200_001);
            assertThat(read(file, 199_998, 10)).containsExactly(0, 0, 'x');
        }
    }

    @Test
    void readingStopsAtTheEndAndFillsNoMoreThanItIsGiven() throws IOException {
        try (var file = disk.create("a")) {
            file.write(0, bytes("0123456789"));
            var target = ByteBuffer.allocate(8).position(2).limit(6);

            assertThat(file.read(3, target)).isEqualTo(4);
            assertThat(target.position()).isEqualTo(6);
            assertThat(file.read(8, ByteBuffer.allocate(100))).isEqualTo(2);
            assertThat(file.read(10, ByteBuffer.allocate(100))).isZero();
            assertThat(file.read(1_000_000, ByteBuffer.allocate(100))).isZero();
        }
    }

    @Test
    void truncatedBytesAreGoneAlsoWhenTheFileGrowsAgain() throws IOException {
        try (var file = disk.create("a")) {
            file.write(0, ByteBuffer.wrap(filled(100_000)));
            file.truncate(200_000);
            assertThat(file.size()).isEqualTo(100_000);

            file.truncate(70_001);
            assertThat(file.size()).isEqualTo(70_001);
            file.write(100_000, bytes("x"));

            assertThat(read(file, 70_000, 3)).containsExactly(7, 0, 0);
            assertThat(read(file, 99_999, 3)).containsExactly(0, 'x');
        }
    }

    @Test
    void transfersWhatIsThereAndNotMore() throws IOException {
        try (var file = disk.create("a")) {
            file.write(0, ByteBuffer.wrap(filled(150_000)), bytes("end"));
            var target = new ByteArrayOutputStream();
            var channel = Channels.newChannel(target);
            long position = 100;
            while (position < 150_003) {
                position += file.transferTo(position, 10_000_000, channel);
            }

            assertThat(target.size()).isEqualTo(149_903);
            assertThat(target.toString(StandardCharsets.ISO_8859_1)).endsWith("\7end");
            assertThat(file.transferTo(150_003, 10, channel)).isZero();
            assertThat(file.transferTo(0, 10, channel)).isEqualTo(10);
        }
    }

    @Test
    void aChannelThatTakesLittleIsGivenTheRestLater() throws IOException {
        try (var file = disk.create("a")) {
            file.write(0, bytes("0123456789"));
            var target = new Sipping();

            long first = file.transferTo(0, 10, target);
            file.transferTo(first, 10, target);

            assertThat(first).isEqualTo(3);
            assertThat(target.taken.toString(StandardCharsets.US_ASCII)).startsWith("012345");
        }
    }

    @Test
    void twoWhoHaveOneFileOpenSeeEachOthersBytes() throws IOException {
        try (var writer = disk.create("a");
                var reader = disk.open("a")) {
            writer.write(0, bytes("hello"));

            assertThat(text(reader)).isEqualTo("hello");
        }
    }

    @Test
    void aClosedFileRefusesEverything() throws IOException {
        var file = disk.create("a");
        file.close();
        file.close();

        assertThatThrownBy(file::size).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(file::force).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.write(0, bytes("x"))).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.read(0, bytes("x"))).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.transferTo(0, 1, new Sipping())).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void namesAreListedSortedAndOnlyThoseOfTheDirectory() throws IOException {
        disk.createDirectory("b");
        disk.createDirectory("b");
        disk.createDirectory("b/c");
        disk.create("b/10").close();
        disk.create("b/9").close();
        disk.create("b/c/deep").close();
        disk.create("z").close();

        assertThat(disk.list("")).containsExactly("b", "z");
        assertThat(disk.list("b")).containsExactly("10", "9", "c");
        assertThat(disk.exists("b/c/deep")).isTrue();
        assertThat(disk.exists("b/c/shallow")).isFalse();
        assertThat(disk.exists("z/x")).isFalse();
        assertThat(disk.exists("")).isTrue();
        assertThatThrownBy(() -> disk.list("nowhere")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.list("z")).isInstanceOf(NotDirectoryException.class);
    }

    @Test
    void aNameIsTakenOnce() throws IOException {
        disk.create("a").close();
        disk.createDirectory("d");

        assertThatThrownBy(() -> disk.create("a")).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> disk.create("d")).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> disk.createDirectory("a")).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void whatIsMissingIsSaidToBeMissing() {
        assertThatThrownBy(() -> disk.open("a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.create("d/a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.createDirectory("d/e")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.delete("a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.rename("a", "b")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.forceDirectory("d")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aDirectoryIsNotAFile() throws IOException {
        disk.createDirectory("d");

        assertThatThrownBy(() -> disk.open("d")).isInstanceOf(IOException.class);
        assertThat(disk.list("")).containsExactly("d");
    }

    @Test
    void renamingReplacesAndReadersKeepWhatTheyHave() throws IOException {
        disk.createDirectory("d");
        write("old", "old");
        write("d/new", "new");
        try (var reader = disk.open("old")) {
            disk.rename("d/new", "old");

            assertThat(text(reader)).isEqualTo("old");
        }
        assertThat(content("old")).isEqualTo("new");
        assertThat(disk.list("d")).isEmpty();
    }

    @Test
    void renamingToItselfChangesNothing() throws IOException {
        write("a", "text");

        disk.rename("a", "a");

        assertThat(content("a")).isEqualTo("text");
    }

    @Test
    void aDirectoryTakesItsContentsAlongToAnotherName() throws IOException {
        disk.createDirectory("d");
        write("d/a", "text");

        disk.rename("d", "e");

        assertThat(content("e/a")).isEqualTo("text");
        assertThat(disk.list("")).containsExactly("e");
    }

    @Test
    void aDeletedFileCanBeUsedByWhoHasItOpen() throws IOException {
        write("a", "text");
        try (var file = disk.open("a")) {
            disk.delete("a");
            file.write(4, bytes("ure"));
            file.force();

            assertThat(text(file)).isEqualTo("texture");
        }
        assertThat(disk.exists("a")).isFalse();
        write("a", "another");
        assertThat(content("a")).isEqualTo("another");
    }

    @Test
    void onlyAnEmptyDirectoryIsDeleted() throws IOException {
        disk.createDirectory("d");
        write("d/a", "text");

        assertThatThrownBy(() -> disk.delete("d")).isInstanceOf(DirectoryNotEmptyException.class);
        disk.delete("d/a");
        disk.delete("d");

        assertThat(disk.list("")).isEmpty();
    }

    @Test
    void forcingCanBeAskedForAtAnyTime() throws IOException {
        disk.createDirectory("d");
        try (var file = disk.create("d/a")) {
            file.force();
            file.write(0, bytes("x"));
            file.force();
            file.force();
        }
        disk.forceDirectory("d");
        disk.forceDirectory("");

        assertThat(content("d/a")).isEqualTo("x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a\0b", "a\\b"})
    void aPathThatLeadsElsewhereIsRefused(String path) {
        assertThatThrownBy(() -> disk.create(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.open(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.createDirectory(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.delete(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.rename(path, "b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.rename("b", path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.list(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.exists(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.forceDirectory(path)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.lock(path)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theRootIsNotAnEntry() {
        assertThatThrownBy(() -> disk.create("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.delete("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> disk.rename("", "a")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStoreIsLockedOnceUntilTheLockIsClosed() throws IOException {
        try (var lock = disk.lock("lock")) {
            assertThat(lock).isNotNull();
            assertThat(disk.list("")).containsExactly("lock");
            assertThatThrownBy(() -> disk.lock("lock"))
                    .isInstanceOf(StoreRefused.class)
                    .hasMessageContaining("in use");
        }
        var again = disk.lock("lock");
        again.close();
        again.close();
        disk.lock("lock").close();
    }

    @Test
    void usableBytesIsNotNegative() throws IOException {
        assertThat(disk.usableBytes()).isPositive();
    }

    @Test
    void allocatedBuffersAreEmptyAndOfTheSizeAskedFor() {
        var buffer = disk.allocate(1000);

        assertThat(buffer.remaining()).isEqualTo(1000);
        assertThat(buffer.get(999)).isZero();
    }

    @Test
    void aReaderBesideAWriterSeesWholeRecordsUpToTheSizeItAskedFor() throws Exception {
        int records = 20_000;
        var trouble = new AtomicReference<Throwable>();
        try (var file = disk.create("a")) {
            var reader = Thread.ofPlatform().start(() -> {
                try {
                    readAlong(file, records);
                } catch (Throwable e) {
                    trouble.set(e);
                }
            });
            var record = ByteBuffer.allocate(24);
            for (long number = 1; number <= records; number++) {
                record.clear().putLong(number).putLong(~number).putLong(number).flip();
                file.write((number - 1) * 24, record);
            }
            reader.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            assertThat(reader.isAlive()).isFalse();
        }
        assertThat(trouble.get()).isNull();
    }

    private static void readAlong(DiskFile file, int records) throws IOException {
        long number = 0;
        var record = ByteBuffer.allocate(24);
        while (number < records) {
            if (file.size() >= (number + 1) * 24) {
                file.read(number * 24, record.clear());
                number++;
                assertThat(record.flip().getLong()).isEqualTo(number);
                assertThat(record.getLong()).isEqualTo(~number);
                assertThat(record.getLong()).isEqualTo(number);
            } else {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void closingUnderATransferSpoilsNothing() throws Exception {
        var file = disk.create("a");
        file.write(0, bytes("0123456789"));
        var target = new Waiting();
        var sent = new AtomicReference<Object>();
        var sender = Thread.ofPlatform().start(() -> sent.set(outcome(() -> file.transferTo(0, 10, target))));
        target.awaitWriter();

        var closer = Thread.ofPlatform()
                .start(() -> outcome(() -> {
                    file.close();
                    return "closed";
                }));
        // Either it waits for the transfer, or it need not: the transfer must not notice.
        while (closer.getState() == Thread.State.RUNNABLE || closer.getState() == Thread.State.NEW) {
            Thread.onSpinWait();
        }
        target.letGo();
        sender.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        closer.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));

        assertThat(sent.get()).isEqualTo(10L);
        assertThat(closer.isAlive()).isFalse();
        assertThatThrownBy(file::size).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void everyDiskDoesWhatAnArrayOfBytesDoes() throws IOException {
        var seed = Seeds.next();
        var random = new SplittableRandom(seed);
        var expected = new byte[0];
        try (var file = disk.create("a")) {
            for (int step = 0; step < 400; step++) {
                if (random.nextInt(10) == 0) {
                    int size = random.nextInt(expected.length + 1);
                    file.truncate(size);
                    expected = Arrays.copyOf(expected, size);
                } else {
                    int position = random.nextInt(expected.length + (random.nextInt(8) == 0 ? 9000 : 1));
                    var data = new byte[random.nextInt(random.nextInt(4) == 0 ? 20_000 : 600)];
                    if (random.nextInt(3) > 0) {
                        random.nextBytes(data);
                    }
                    int split = random.nextInt(data.length + 1);
                    file.write(
                            position,
                            ByteBuffer.wrap(data, 0, split),
                            ByteBuffer.wrap(data, split, data.length - split));
                    if (data.length > 0) {
                        expected = Arrays.copyOf(expected, Math.max(expected.length, position + data.length));
                        System.arraycopy(data, 0, expected, position, data.length);
                    }
                }
                if (random.nextInt(20) == 0) {
                    file.force();
                }
                assertThat(file.size()).as("seed %d step %d", seed, step).isEqualTo(expected.length);
            }
            assertThat(read(file, 0, expected.length + 1)).as("seed %d", seed).isEqualTo(expected);
        }
    }

    private void write(String path, String text) throws IOException {
        try (var file = disk.create(path)) {
            file.write(0, bytes(text));
        }
    }

    private String content(String path) throws IOException {
        try (var file = disk.open(path)) {
            return text(file);
        }
    }

    private static String text(DiskFile file) throws IOException {
        return new String(read(file, 0, (int) file.size()), StandardCharsets.US_ASCII);
    }

    private static byte[] read(DiskFile file, long position, int length) throws IOException {
        var target = ByteBuffer.allocate(length);
        return Arrays.copyOf(target.array(), file.read(position, target));
    }

    private static byte[] filled(int length) {
        var result = new byte[length];
        Arrays.fill(result, (byte) 7);
        return result;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    interface Attempt {
        Object run() throws IOException;
    }

    static Object outcome(Attempt attempt) {
        try {
            return attempt.run();
        } catch (IOException e) {
            return e;
        }
    }

    /** Takes three bytes at a time. */
    private static final class Sipping implements WritableByteChannel {
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public int write(ByteBuffer source) {
            int count = Math.min(3, source.remaining());
            for (int i = 0; i < count; i++) {
                taken.write(source.get());
            }
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    /** Keeps its writer waiting until it is told to go on. */
    static final class Waiting implements WritableByteChannel {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        void awaitWriter() throws InterruptedException {
            assertThat(entered.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }

        void letGo() {
            go.countDown();
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            entered.countDown();
            try {
                if (!go.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("nobody let the writer go on");
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            int count = source.remaining();
            source.position(source.limit());
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}
