package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** A test run that is killed leaves nothing behind: what it started ends with it. */
class ChildTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final List<String> JVM = List.of("-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /** What the tests kill: starts a JVM and a foreign program, says who they are, and waits. */
    static final class Parent {
        public static void main(String[] args) throws InterruptedException {
            var jvm = Child.jvm("sleeper", ClassPaths.own(), JVM, List.of(Sleeper.class.getName()));
            jvm.awaitLine(line -> line.equals("awake"), PATIENCE);
            // From a thread that ends before we do, as tests have them.
            var starter = Thread.ofPlatform().start(() -> {
                var program = Child.program("sleep", List.of("sh", "-c", "echo up; exec sleep 1000"), Map.of());
                program.awaitLine(line -> line.equals("up"), PATIENCE);
                System.out.println("program " + program.pid());
            });
            starter.join();
            // Takes longer than the thread needs to be gone for the kernel too.
            Child.program("true", List.of("true"), Map.of()).await(PATIENCE).orThrow();
            System.out.println("jvm " + jvm.pid());
            Thread.currentThread().join();
        }
    }

    static final class Sleeper {
        public static void main(String[] args) throws InterruptedException {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                LockSupport.parkNanos(200_000_000); // Work, which a death of the parent would cut short.
                System.out.println("put in order");
            }));
            System.out.println("awake");
            Thread.currentThread().join();
        }
    }

    @Test
    void childrenEndWhenTheirParentIsKilled() throws IOException {
        assumeThat(Path.of("/usr/bin/setpriv")).as("setpriv(1), of Linux").isExecutable();
        try (var parent = Child.jvm("parent", ClassPaths.own(), JVM, List.of(Parent.class.getName()))) {
            long jvm = pid(parent, "jvm ");
            long program = pid(parent, "program ");
            assertThat(lives(jvm)).isTrue();
            assertThat(lives(program)).isTrue();
            parent.kill();
            awaitEnd(jvm);
            awaitEnd(program);
        }
    }

    @Test
    void childrenEndWhenTheirParentEndsInOrder() throws IOException {
        try (var parent = Child.jvm("parent", ClassPaths.own(), JVM, List.of(Parent.class.getName()))) {
            long jvm = pid(parent, "jvm ");
            long program = pid(parent, "program ");
            parent.terminate();
            awaitEnd(jvm);
            awaitEnd(program);
        }
    }

    @Test
    void aTerminatedJvmPutsThingsInOrderFirst() {
        try (var sleeper = Child.jvm("sleeper", ClassPaths.own(), JVM, List.of(Sleeper.class.getName()))) {
            sleeper.awaitLine(line -> line.equals("awake"), PATIENCE);
            sleeper.terminate();
            assertThat(sleeper.await(PATIENCE).out()).endsWith("put in order");
        }
    }

    @Test
    void aClosedChildLeavesNoProcess() throws IOException {
        var child = Child.program("sleep", List.of("sleep", "1000"), Map.of());
        child.close();
        assertThat(lives(child.pid())).isFalse();
    }

    private static long pid(Child parent, String label) {
        return Long.parseLong(
                parent.awaitLine(line -> line.startsWith(label), PATIENCE).substring(label.length()));
    }

    private static void awaitEnd(long pid) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (lives(pid)) {
            assertThat(System.nanoTime())
                    .as("process %d outlives its parent", pid)
                    .isLessThan(deadline);
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** A process that has ended and that nobody has asked for its exit code is none. */
    private static boolean lives(long pid) throws IOException {
        var stat = Path.of("/proc", Long.toString(pid), "stat");
        if (!Files.isDirectory(Path.of("/proc/self"))) {
            return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
        }
        try {
            var text = Files.readString(stat);
            return "ZX".indexOf(text.charAt(text.lastIndexOf(')') + 2)) < 0;
        } catch (IOException e) {
            return false; // It is gone, or went while we read.
        }
    }
}
