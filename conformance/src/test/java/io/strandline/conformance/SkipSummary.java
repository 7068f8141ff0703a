package io.strandline.conformance;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Says at the end of a run how many tests were skipped, and why: one line a reason. */
public final class SkipSummary implements TestExecutionListener {
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (test.isTest() && result.getStatus() == TestExecutionResult.Status.ABORTED) {
            count(result.getThrowable().map(Throwable::getMessage));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        count(Optional.ofNullable(reason));
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        new TreeMap<>(counts).forEach((reason, count) -> System.out.println(count + " skipped: " + reason));
    }

    private void count(Optional<String> reason) {
        counts.merge(reason.orElse("no reason given"), 1, Integer::sum);
    }
}
