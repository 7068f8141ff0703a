package io.strandline.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One thing that several clients do, one after the other, each in a process of its own.
 *
 * @param name for {@code --only}
 * @param sizes of the values of its messages, in bytes
 */
record Discipline(String name, String title, Kind kind, List<Integer> sizes, List<Entry> entries) {
    static final int SMALL = 100;
    static final int LARGE = 1024;
    static final String STRANDLINE = "Strandline";
    static final String KAFKA_CLIENTS = "kafka-clients";
    static final String SPRING = "Spring";
    static final String PARALLEL_CONSUMER = "Parallel Consumer";
    static final String KAFKAJS = "KafkaJS";
    static final String PLATFORMATIC = "@platformatic/kafka";
    static final String LARGE_BATCHES = "kafka-clients, batch.size=65536";
    static final String NO_LINGER = "kafka-clients, linger.ms=0";
    static final String FROM_MANY = "Strandline, 100 virtual threads";
    static final String CEILING = "no order, no commits: a virtual thread a message";

    /** What is measured, and on which topic. */
    enum Kind {
        /** Reads a topic that is full. */
        CONSUME,
        /** Writes to a topic that is empty. */
        PRODUCE,
        /** How much of a small heap is alive. */
        HEAP,
        /** From the launch of a JVM that runs a test to the first message. */
        COLD_START
    }

    /**
     * One that takes part.
     *
     * @param works over the values that all have in common
     * @param messages of a lap: as many as take a few seconds, by their size
     */
    record Entry(String title, Program program, Map<String, String> works, Function<Integer, Integer> messages) {}

    static List<Discipline> all() {
        return Stream.of(consuming(), producing(), besides())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Discipline> consuming() {
        return List.of(
                new Discipline(
                        "each",
                        "Consume; the handler does nothing",
                        Kind.CONSUME,
                        List.of(LARGE, SMALL),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_CONSUMER, each(), Discipline::fast),
                                entry(KAFKA_CLIENTS, Program.BARE_CONSUMER, each(), Discipline::fast),
                                entry(SPRING, Program.SPRING_CONSUMER, each(), Discipline::slower),
                                entry(KAFKAJS, Program.KAFKAJS, each(), messages(300_000)),
                                entry(PLATFORMATIC, Program.PLATFORMATIC, each(), messages(300_000)))),
                new Discipline(
                        "commit",
                        "Consume, with a commit after each message; the handler does nothing",
                        Kind.CONSUME,
                        List.of(LARGE),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_CONSUMER, work("each-commit"), Discipline::slower),
                                entry(SPRING, Program.SPRING_CONSUMER, work("each-commit"), messages(15_000)))),
                new Discipline(
                        "per-key",
                        "Consume in the order of keys, 100 at once; the handler does nothing",
                        Kind.CONSUME,
                        List.of(LARGE, SMALL),
                        perKey(100, Duration.ZERO, Discipline::slower, messages(300_000))),
                new Discipline(
                        "per-key-2ms",
                        "Consume in the order of keys, 100 at once; the handler waits for 2 ms (50,000/s are possible)",
                        Kind.CONSUME,
                        List.of(LARGE),
                        perKey(100, Duration.ofMillis(2), messages(200_000), messages(150_000))),
                new Discipline(
                        "per-key-20ms",
                        "Consume in the order of keys, 5,000 at once; the handler waits for 20 ms (250,000/s are possible)",
                        Kind.CONSUME,
                        List.of(LARGE),
                        List.of(
                                perKey(5_000, Duration.ofMillis(20), Discipline::slower, Discipline::slower)
                                        .getFirst(),
                                entry(
                                        CEILING,
                                        Program.BARE_CONSUMER,
                                        handlers("virtual-threads", 5_000, Duration.ofMillis(20)),
                                        Discipline::slower))));
    }

    private static List<Entry> perKey(
            int atOnce, Duration handling, Function<Integer, Integer> ours, Function<Integer, Integer> theirs) {
        var works = handlers("per-key", atOnce, handling);
        return List.of(
                entry(STRANDLINE, Program.STRANDLINE_CONSUMER, works, ours),
                entry(PARALLEL_CONSUMER, Program.PARALLEL_CONSUMER, works, theirs));
    }

    private static List<Discipline> producing() {
        Function<Integer, Integer> async = size -> size == SMALL ? 1_500_000 : 400_000;
        Function<Integer, Integer> batches = size -> size == SMALL ? 1_000_000 : 400_000;
        return List.of(
                new Discipline(
                        "send-async",
                        "Send from one thread, without waiting",
                        Kind.PRODUCE,
                        List.of(LARGE, SMALL),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_PRODUCER, work("send-async"), async),
                                entry(KAFKA_CLIENTS, Program.BARE_PRODUCER, bare("send-async", ""), async),
                                entry(
                                        LARGE_BATCHES,
                                        Program.BARE_PRODUCER,
                                        bare("send-async", "batch.size:65536"),
                                        async))),
                new Discipline(
                        "send",
                        "Send, and wait for each acknowledgement",
                        Kind.PRODUCE,
                        List.of(LARGE),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_PRODUCER, senders("send", 1), messages(20_000)),
                                entry(NO_LINGER, Program.BARE_PRODUCER, bare("send", "linger.ms:0"), messages(16_000)),
                                entry(
                                        FROM_MANY,
                                        Program.STRANDLINE_PRODUCER,
                                        senders("send", 100),
                                        messages(300_000)))),
                new Discipline(
                        "send-batch",
                        "Send batches of 1,000, and wait for each",
                        Kind.PRODUCE,
                        List.of(LARGE, SMALL),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_PRODUCER, senders("send-batch", 1_000), batches),
                                entry(KAFKAJS, Program.KAFKAJS, senders("send-batch", 1_000), messages(200_000)),
                                entry(
                                        PLATFORMATIC,
                                        Program.PLATFORMATIC,
                                        senders("send-batch", 1_000),
                                        messages(400_000)))));
    }

    private static List<Discipline> besides() {
        return List.of(
                new Discipline(
                        "heap",
                        "Alive on a heap of 64 MB, with a handler that waits for 50 ms, and 1 GB (1 KiB) or 400 MB (100 B) to read",
                        Kind.HEAP,
                        List.of(LARGE, SMALL),
                        List.of(entry(
                                STRANDLINE,
                                Program.STRANDLINE_SMALL_HEAP,
                                handlers("heap", 1, Duration.ofMillis(50)),
                                messages(600)))),
                new Discipline(
                        "junit",
                        "A test class with a broker, from the launch of its JVM to the first message consumed in a group",
                        Kind.COLD_START,
                        List.of(LARGE),
                        List.of(
                                entry(STRANDLINE, Program.STRANDLINE_COLD_START, Map.of(), messages(1)),
                                entry(SPRING, Program.SPRING_COLD_START, Map.of(), messages(1)))));
    }

    private static Entry entry(
            String title, Program program, Map<String, String> works, Function<Integer, Integer> messages) {
        return new Entry(title, program, works, messages);
    }

    private static Map<String, String> work(String work) {
        return Map.of("work", work, "handling-ms", "0");
    }

    private static Map<String, String> each() {
        return work("each");
    }

    private static Map<String, String> handlers(String work, int atOnce, Duration handling) {
        return Map.of(
                "work", work, "at-once", Integer.toString(atOnce), "handling-ms", Long.toString(handling.toMillis()));
    }

    private static Map<String, String> senders(String work, int atOnce) {
        return Map.of("work", work, "at-once", Integer.toString(atOnce));
    }

    private static Map<String, String> bare(String work, String settings) {
        return Map.of("work", work, "set", settings);
    }

    private static int fast(int size) {
        return size == SMALL ? 4_000_000 : 900_000;
    }

    private static int slower(int size) {
        return size == SMALL ? 2_000_000 : 600_000;
    }

    private static Function<Integer, Integer> messages(int messages) {
        return size -> messages;
    }
}
