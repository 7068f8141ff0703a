package io.strandline.conformance;

import io.strandline.cli.demo.Ports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A Strandline broker in a process of its own, on loopback. */
public final class StrandlineProcess implements Target {
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);

    /** A small heap and a quick start matter more to a test than peak speed. */
    private static final List<String> TEST_JVM =
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");

    /** A test does not wait for a large journal to be written before the first message. */
    private static final List<String> TEST_SETTINGS = List.of("strandline.journal.bytes=16777216");

    private final Path folder;
    private final int port = Ports.free();
    private final List<String> settings;
    private final List<String> jvmOptions;
    private @Nullable Child child;

    private StrandlineProcess(Path folder, List<String> settings, List<String> jvmOptions) {
        this.folder = folder;
        this.settings = settings;
        this.jvmOptions = jvmOptions;
    }

    /** One for tests, ready. */
    public static StrandlineProcess start() {
        return startIn(Folders.temporary("strandline-"), TEST_SETTINGS);
    }

    /**
     * One for tests, ready.
     *
     * @param folder where its data goes; it is removed on {@link #close}
     * @param settings over the defaults, as {@code name=value}
     */
    public static StrandlineProcess startIn(Path folder, List<String> settings) {
        var process = new StrandlineProcess(folder, settings, TEST_JVM);
        process.restart();
        return process;
    }

    /**
     * One that has not been started.
     *
     * @param folder where its data goes; it is removed on {@link #close}
     * @param settings over the defaults, as {@code name=value}
     */
    public static StrandlineProcess in(Path folder, List<String> settings, List<String> jvmOptions) {
        return new StrandlineProcess(folder, settings, jvmOptions);
    }

    /** Starts the process and returns at once. */
    public void launch() {
        var arguments = new ArrayList<>(
                List.of(StrandlineMain.class.getName(), folder.resolve("data").toString(), Integer.toString(port)));
        arguments.addAll(settings);
        child = Child.jvm("Strandline", ClassPaths.own(), jvmOptions, arguments);
    }

    /** The process that was launched last. */
    public Child process() {
        if (child == null) {
            throw new IllegalStateException("not started");
        }
        return child;
    }

    @Override
    public String title() {
        return "Strandline";
    }

    @Override
    public String bootstrap() {
        return "127.0.0.1:" + port;
    }

    @Override
    public boolean isRunning() {
        return child != null && child.isAlive();
    }

    @Override
    public void kill() {
        if (child != null) {
            child.kill();
        }
    }

    @Override
    public void stop() {
        process().terminate();
        process().await(Duration.ofSeconds(30));
    }

    @Override
    public void restart() {
        kill();
        launch();
        process().awaitLine(line -> line.startsWith("ready "), READY_WITHIN);
    }

    @Override
    public void close() {
        kill();
        Folders.delete(folder);
    }
}
