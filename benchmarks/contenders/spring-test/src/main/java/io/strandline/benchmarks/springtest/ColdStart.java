package io.strandline.benchmarks.springtest;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** A JVM that runs one test class with a broker, and one test in it: the first message. */
public final class ColdStart {
    private ColdStart() {}

    public static void main(String[] args) {
        var summary = new SummaryGeneratingListener();
        var request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(FirstMessageTest.class))
                .build();
        LauncherFactory.create().execute(request, summary);
        summary.getSummary().printFailuresTo(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        System.exit(summary.getSummary().getTestsSucceededCount() == 1 ? 0 : 1);
    }
}
