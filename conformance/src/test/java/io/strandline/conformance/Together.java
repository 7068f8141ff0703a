package io.strandline.conformance;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Scenarios that run at the same time, and what happens once, when all of them have come to their middle. One that fails gives
 * up its place: the others go on without it. The first that fails is what the test fails with; what may have come of it is
 * told behind it.
 */
final class Together {
    private final Duration meetWithin;
    private final Duration endWithin;

    /** In the order in which they happened. */
    private final Queue<AssertionError> failures = new ConcurrentLinkedQueue<>();

    /** Who has not ended; whether it has come to its middle. */
    private final Map<String, Boolean> running = new ConcurrentHashMap<>();

    private final ThreadLocal<String> name = new ThreadLocal<>();
    private final Phaser middle;

    /** @param what happens in the middle */
    Together(Runnable what, Duration meetWithin, Duration endWithin) {
        this.meetWithin = meetWithin;
        this.endWithin = endWithin;
        middle = new Phaser() {
            @Override
            protected boolean onAdvance(int phase, int scenarios) {
                noteFailureOf("what happens in the middle", what::run);
                return true;
            }
        };
    }

    /** Called by each scenario, once: returns when what happens in the middle has happened. */
    void meet() throws InterruptedException {
        running.put(name.get(), true);
        try {
            middle.awaitAdvanceInterruptibly(middle.arrive(), meetWithin.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("these did not come to their middle within " + meetWithin + ": " + late(), e);
        }
    }

    private List<String> late() {
        return running.entrySet().stream()
                .filter(scenario -> !scenario.getValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Returns when all have ended. */
    void run(Map<String, Scenarios.Scenario> scenarios) throws InterruptedException {
        var ended = new CountDownLatch(scenarios.size());
        middle.bulkRegister(scenarios.size());
        scenarios.keySet().forEach(each -> running.put(each, false));
        try (var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("scenario-", 0).factory())) {
            scenarios.forEach((title, scenario) -> threads.execute(() -> {
                name.set(title);
                noteFailureOf(title, () -> {
                    scenario.run();
                    if (Boolean.FALSE.equals(running.get(title))) {
                        throw new AssertionError("it has no middle");
                    }
                });
                running.remove(title);
                middle.arriveAndDeregister();
                ended.countDown();
            }));
            if (!ended.await(endWithin.toMillis(), TimeUnit.MILLISECONDS)) {
                failures.add(new AssertionError("not ended within " + endWithin + ": " + running.keySet()));
                threads.shutdownNow();
            }
        }
    }

    /** Runs it; whatever it throws is a failure of the whole. */
    void noteFailureOf(String what, Scenarios.Scenario scenario) {
        try {
            scenario.run();
        } catch (Exception | AssertionError e) {
            var when = middle.isTerminated() ? "after" : "before";
            failures.add(new AssertionError(what + ", " + when + " the middle: " + e, e));
        }
    }

    /** @throws AssertionError the first failure, if there was one; the others are suppressed in it */
    void refuseFailures() {
        var first = failures.poll();
        if (first != null) {
            failures.forEach(first::addSuppressed);
            throw first;
        }
    }
}
