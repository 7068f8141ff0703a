package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDiskTest extends DiskContract {
    @TempDir
    Path directory;

    @Override
    Disk newDisk() throws IOException {
        return new FileDisk(directory.resolve("data"));
    }

    @Test
    void aMissingDirectoryIsMadeForItsOwnerAlone() throws IOException {
        var root = directory.resolve("x/y/data");

        new FileDisk(root);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwx------");
    }

    @Test
    void aDirectoryThatIsThereKeepsItsMode() throws IOException {
        var root = Files.createDirectory(directory.resolve("mine"));
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-x---"));

        new FileDisk(root);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwxr-x---");
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsRefusedInOneSentence() throws IOException {
        var file = Files.writeString(directory.resolve("file"), "mine");

        assertThatThrownBy(() -> new FileDisk(file))
                .isInstanceOf(StoreRefused.class)
                .hasMessageContaining(file + " is not a directory");
        assertThatThrownBy(() -> new FileDisk(file.resolve("data")))
                .isInstanceOf(StoreRefused.class)
                .hasMessageContaining("cannot be made");
        assertThat(file).hasContent("mine");
    }

    @Test
    void twoDisksOnOneDirectoryInOneProcessAreRefusedHoweverItIsSpelled() throws IOException {
        var root = directory.resolve("data");
        var alias = Files.createSymbolicLink(directory.resolve("alias"), root);
        try (var held = new FileDisk(root).lock("lock")) {
            assertThat(held).isNotNull();
            assertThatThrownBy(() -> new FileDisk(alias).lock("lock"))
                    .isInstanceOf(StoreRefused.class)
                    .hasMessageContaining("alias is in use by another broker in this process");
        }
        new FileDisk(alias).lock("lock").close();
    }

    @Test
    void aProcessThatHoldsTheDirectoryIsNamed() throws Exception {
        var root = directory.resolve("data");
        var child = child("hold", root.toString());
        try {
            var pid = child.inputReader().readLine();
            assertThat(pid).isEqualTo(Long.toString(child.pid()));

            assertThatThrownBy(() -> new FileDisk(root).lock("lock"))
                    .isInstanceOf(StoreRefused.class)
                    .hasMessageContaining(root + " is in use by process " + pid);
        } finally {
            child.destroyForcibly();
        }
        assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        new FileDisk(root).lock("lock").close();
    }

    @Test
    void aRefusedBrokerDoesNotTakeTheLockFromTheOneThatHasIt() throws Exception {
        var root = directory.resolve("data");
        try (var held = new FileDisk(root).lock("lock")) {
            assertThat(held).isNotNull();
            assertThatThrownBy(() -> new FileDisk(root).lock("lock")).isInstanceOf(StoreRefused.class);
            assertThatThrownBy(() -> lockWithAnotherClassLoader(root))
                    .hasMessageContaining("another broker in this process");
            System.gc();

            var child = child("hold", root.toString());
            assertThat(child.inputReader().readLine()).isEqualTo("refused");
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void anInterruptThatIsPendingHarmsNothingAndIsKept() throws IOException {
        try (var file = newDisk().create("a")) {
            Thread.currentThread().interrupt();
            file.write(0, ByteBuffer.allocate(10));
            file.force();

            assertThat(file.size()).isEqualTo(10);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(file.read(0, ByteBuffer.allocate(10))).isEqualTo(10);
        }
    }

    @Test
    void aFullDiskIsSaidToBeFullWithTheFileThatHadNoSpace() throws IOException {
        var disk = new FileDisk(directory.resolve("data"));
        Files.createSymbolicLink(disk.root().resolve("a"), Path.of("/dev/full"));
        try (var file = disk.open("a")) {
            assertThatThrownBy(() -> file.write(0, ByteBuffer.allocate(10)))
                    .isInstanceOf(DiskFull.class)
                    .hasMessageContaining("no space left for " + disk.root().resolve("a"));
        }
    }

    @Test
    void manySmallAndLargeBuffersGoInOrder() throws IOException {
        var buffers = new ByteBuffer[3000];
        long length = 0;
        for (int i = 0; i < buffers.length; i++) {
            var bytes = new byte[i % 500 == 0 ? 1_500_000 : i % 7];
            Arrays.fill(bytes, (byte) i);
            buffers[i] = ByteBuffer.wrap(bytes);
            length += bytes.length;
        }
        try (var file = newDisk().create("a")) {
            file.write(5, buffers);

            assertThat(file.size()).isEqualTo(length + 5);
            long position = 5;
            for (var buffer : buffers) {
                var read = ByteBuffer.allocate(buffer.limit());
                file.read(position, read);
                assertThat(read.flip()).isEqualTo(buffer.rewind());
                position += buffer.limit();
            }
        }
    }

    @Test
    void closingWaitsForATransferThatIsUnderWay() throws Exception {
        var file = newDisk().create("a");
        file.write(0, ByteBuffer.allocate(10));
        var target = new Waiting();
        var sender = Thread.ofPlatform().start(() -> outcome(() -> file.transferTo(0, 10, target)));
        target.awaitWriter();

        var closer = Thread.ofPlatform()
                .start(() -> outcome(() -> {
                    file.close();
                    return true;
                }));
        while (closer.getState() != Thread.State.WAITING && closer.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
        var state = closer.getState();
        target.letGo();
        sender.join();
        closer.join();

        assertThat(state).isEqualTo(Thread.State.WAITING);
    }

    private static Process child(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                FileDiskChild.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** As in an application server: the same classes a second time in one process. */
    private static void lockWithAnotherClassLoader(Path root) throws Throwable {
        var classes = FileDisk.class.getProtectionDomain().getCodeSource().getLocation();
        try (var loader = new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader())) {
            var type = loader.loadClass(FileDisk.class.getName());
            var disk = type.getConstructor(Path.class).newInstance(root);
            type.getMethod("lock", String.class).invoke(disk, "lock");
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
