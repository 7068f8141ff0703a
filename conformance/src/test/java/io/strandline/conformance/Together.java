package io.strandline.conformance;

import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Scenarios that run at the same time, and what happens once, when all of them have come to their middle. One that fails gives
 * up its place: the others go on without it. The first that fails is what the test fails with; what may have come of it is
 * told behind it.
 */
final class Together {
    private final Runnable what;
    private final Duration meetWithin;
    private final Duration endWithin;

    /** In the order in which they happened. */
    private final Queue<AssertionError> failures = new ConcurrentLinkedQueue<>();

    /** Who has not ended. */
    private final Set<String> running = ConcurrentHashMap.newKeySet();

    /** Who has neither come to its middle nor ended. Whoever takes out the last one lets happen what happens in the middle. */
    private final Set<String> beforeMiddle = ConcurrentHashMap.newKeySet();

    private final AtomicInteger awaited = new AtomicInteger();
    private final CountDownLatch middle = new CountDownLatch(1);
    private final ThreadLocal<String> name = new ThreadLocal<>();

    /** @param what happens in the middle */
    Together(Runnable what, Duration meetWithin, Duration endWithin) {
        this.what = what;
        this.meetWithin = meetWithin;
        this.endWithin = endWithin;
    }

    /** Called by each scenario, once: returns when what happens in the middle has happened. */
    void meet() throws InterruptedException {
        noLongerAwait(name.get());
        if (!middle.await(meetWithin.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("these did not come to their middle within " + meetWithin + ": " + beforeMiddle);
        }
    }

    private void noLongerAwait(String scenario) {
        if (beforeMiddle.remove(scenario) && awaited.decrementAndGet() == 0) {
            noteFailureOf("what happens in the middle", what::run);
            middle.countDown();
        }
    }

    /** Returns when all have ended. */
    void run(Map<String, Scenarios.Scenario> scenarios) throws InterruptedException {
        var ended = new CountDownLatch(scenarios.size());
        running.addAll(scenarios.keySet());
        beforeMiddle.addAll(scenarios.keySet());
        awaited.set(scenarios.size());
        try (var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("scenario-", 0).factory())) {
            scenarios.forEach((title, scenario) -> threads.execute(() -> {
                name.set(title);
                noteFailureOf(title, () -> {
                    scenario.run();
                    if (beforeMiddle.contains(title)) {
                        throw new AssertionError("it has no middle");
                    }
                });
                noLongerAwait(title);
                running.remove(title);
                ended.countDown();
            }));
            if (!ended.await(endWithin.toMillis(), TimeUnit.MILLISECONDS)) {
                failures.add(new AssertionError("not ended within " + endWithin + ": " + running));
                threads.shutdownNow();
            }
        }
    }

    /** Runs it; whatever it throws is a failure of the whole. */
    void noteFailureOf(String what, Scenarios.Scenario scenario) {
        try {
            scenario.run();
        } catch (Exception | AssertionError e) {
            var when = middle.getCount() == 0 ? "after" : "before";
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
