package io.strandline.benchmarks;

import static io.strandline.benchmarks.Discipline.FROM_MANY;
import static io.strandline.benchmarks.Discipline.KAFKAJS;
import static io.strandline.benchmarks.Discipline.KAFKA_CLIENTS;
import static io.strandline.benchmarks.Discipline.LARGE;
import static io.strandline.benchmarks.Discipline.LARGE_BATCHES;
import static io.strandline.benchmarks.Discipline.NO_LINGER;
import static io.strandline.benchmarks.Discipline.PARALLEL_CONSUMER;
import static io.strandline.benchmarks.Discipline.PLATFORMATIC;
import static io.strandline.benchmarks.Discipline.SMALL;
import static io.strandline.benchmarks.Discipline.SPRING;
import static io.strandline.benchmarks.Discipline.STRANDLINE;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a run of the clients must show.
 *
 * @param says the sentence whose truth is tested
 * @param reached empty if this run has not measured it
 */
record Gate(String says, OptionalDouble reached, Bound bound, double limit) {
    /** On which side of the limit it must be. */
    enum Bound {
        AT_LEAST,
        AT_MOST
    }

    static final double MEGABYTE = 1 << 20;
    private static final double HEAP_MEGABYTES = 64;

    boolean holds() {
        return reached.isEmpty()
                || switch (bound) {
                    case AT_LEAST -> reached.getAsDouble() >= limit;
                    case AT_MOST -> reached.getAsDouble() <= limit;
                };
    }

    /** All of them, as far as a run has come. */
    static List<Gate> all(Figures<String> figures) {
        var gates = new ArrayList<Gate>();
        for (int size : List.of(LARGE, SMALL)) {
            var of = Measure.named(size);
            gates.add(rate(figures, "each", size, KAFKA_CLIENTS, 0.95, "eachMessage / the bare loop, " + of));
            gates.add(rate(figures, "each", size, SPRING, 1.0, "eachMessage / Spring, " + of));
            gates.add(new Gate(
                    "CPU of eachMessage / of the bare loop, " + of,
                    figures.ratio(Measure.cpu("each", size), STRANDLINE, KAFKA_CLIENTS),
                    Bound.AT_MOST,
                    1.15));
            gates.add(rate(figures, "per-key", size, PARALLEL_CONSUMER, 3.0, "perKey(100) / Parallel Consumer, " + of));
            gates.add(rate(figures, "send-async", size, KAFKA_CLIENTS, 0.95, "sendAsync / KafkaProducer, " + of));
            gates.add(
                    rate(figures, "send-async", size, LARGE_BATCHES, 0.95, "sendAsync / KafkaProducer, 64 KiB, " + of));
            gates.add(rate(figures, "send-batch", size, KAFKAJS, 3.0, "sendBatch / KafkaJS, " + of));
            gates.add(rate(figures, "send-batch", size, PLATFORMATIC, 0.95, "sendBatch / @platformatic/kafka, " + of));
        }
        gates.add(rate(figures, "commit", LARGE, SPRING, 2.0, "Commit.eachMessage() / Spring's AckMode.RECORD"));
        gates.add(rate(
                figures, "per-key-2ms", LARGE, PARALLEL_CONSUMER, 1.5, "perKey(100) with 2 ms / Parallel Consumer"));
        gates.add(possible(figures, "per-key-2ms", 50_000, 0.85, "perKey(100) with 2 ms / 50,000 a second"));
        gates.add(possible(figures, "per-key-20ms", 250_000, 0.7, "perKey(5000) with 20 ms / 250,000 a second"));
        gates.add(rate(figures, "send", LARGE, NO_LINGER, 0.95, "send / KafkaProducer that waits, linger.ms=0"));
        gates.add(new Gate(
                "send from 100 virtual threads / sendAsync",
                Figures.over(
                        figures.median(Measure.rate("send", LARGE), FROM_MANY),
                        figures.median(Measure.rate("send-async", LARGE), STRANDLINE)),
                Bound.AT_LEAST,
                0.5));
        for (int size : List.of(LARGE, SMALL)) {
            gates.add(new Gate(
                    "megabytes alive on a heap of 64 MB, " + Measure.named(size),
                    figures.median(Measure.heap(size), STRANDLINE),
                    Bound.AT_MOST,
                    HEAP_MEGABYTES));
        }
        gates.add(new Gate(
                "cold start of a test / with Spring's embedded broker",
                figures.ratio(Measure.COLD_START, STRANDLINE, SPRING),
                Bound.AT_MOST,
                1.0));
        return gates;
    }

    private static Gate rate(
            Figures<String> figures, String discipline, int size, String other, double atLeast, String says) {
        return new Gate(
                says, figures.ratio(Measure.rate(discipline, size), STRANDLINE, other), Bound.AT_LEAST, atLeast);
    }

    private static Gate possible(
            Figures<String> figures, String discipline, double possible, double atLeast, String says) {
        return new Gate(
                says,
                Figures.over(figures.median(Measure.rate(discipline, LARGE), STRANDLINE), OptionalDouble.of(possible)),
                Bound.AT_LEAST,
                atLeast);
    }
}
