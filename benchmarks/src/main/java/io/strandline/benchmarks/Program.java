package io.strandline.benchmarks;

import io.strandline.conformance.Child;
import io.strandline.conformance.ClassPaths;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The programs that take part in the contest of clients: each in a process of its own, on a class path of its own. */
enum Program {
    BARE_CONSUMER("kafka-clients", "bare.BareConsumer"),
    BARE_PRODUCER("kafka-clients", "bare.BareProducer"),
    STRANDLINE_CONSUMER("strandline", "ours.StrandlineConsumer"),
    STRANDLINE_PRODUCER("strandline", "ours.StrandlineProducer"),
    STRANDLINE_SMALL_HEAP("strandline", "ours.SmallHeap"),
    STRANDLINE_COLD_START("strandline", "ours.ColdStart"),
    SPRING_CONSUMER("spring", "spring.SpringConsumer"),
    SPRING_COLD_START("spring-test", "springtest.ColdStart"),
    PARALLEL_CONSUMER("parallel-consumer", "parallel.ParallelConsumer"),
    KAFKAJS("node", "kafkajs.mjs"),
    PLATFORMATIC("node", "platformatic.mjs");

    /** The same for all: as much as nobody needs, and no time spent on growing. */
    static final List<String> JVM = List.of("-Xms1g", "-Xmx1g");

    private static final Path CONTENDERS = ClassPaths.moduleFolder()
            .resolve("../benchmarks/contenders")
            .toAbsolutePath()
            .normalize();
    private static final String PACKAGE = "io.strandline.benchmarks.";

    private final String module;
    private final String main;

    Program(String module, String main) {
        this.module = module;
        this.main = main;
    }

    /**
     * Starts it.
     *
     * @param jvm options, where it runs in one
     */
    Child start(List<String> jvm, Map<String, String> task) {
        var arguments = new ArrayList<String>();
        arguments.add(isJava() ? PACKAGE + main : main);
        task.forEach((name, value) -> arguments.add(name + "=" + value));
        if (isJava()) {
            return Child.jvm(name(), classPath(), jvm, arguments);
        }
        var folder = tools().orElseThrow();
        arguments.set(0, folder.resolve(main).toString());
        arguments.addFirst(node(folder));
        return Child.program(name(), arguments, Map.of());
    }

    /** Whether it can be started here: what runs on Node.js has to be installed first. */
    boolean isThere() {
        return isJava() || tools().isPresent();
    }

    private boolean isJava() {
        return !module.equals("node");
    }

    /** Ours is first for the leash alone: it knows only the JDK. */
    private String classPath() {
        var target = CONTENDERS.resolve(module).resolve("target");
        try {
            return String.join(
                    File.pathSeparator,
                    ClassPaths.equipment(),
                    target.resolve("classes").toString(),
                    Files.readString(target.resolve("classpath.txt")).strip());
        } catch (IOException e) {
            throw new UncheckedIOException("benchmarks/client builds " + module + " first", e);
        }
    }

    /** Where scripts/benchmark-tools has put the JavaScript clients, and benchmarks/client our programs beside them. */
    private static Optional<Path> tools() {
        @Nullable String folder = System.getProperty("strandline.benchmark.tools");
        return Optional.ofNullable(folder).map(Path::of).filter(Files::isDirectory);
    }

    /** The Node.js of the npm package; where there is none for this machine, that of the PATH. */
    private static String node(Path folder) {
        var processor = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64";
        var packaged = folder.resolve("node_modules/node-linux-" + processor + "/bin/node");
        return Files.isExecutable(packaged) ? packaged.toString() : "node";
    }
}
