import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.PrintWriter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs one test class, or one method given as class#method: exit 0 if green, 1 if red, 2 if there was nothing to run. */
class RunTest {
    public static void main(String[] arguments) {
        var summary = new SummaryGeneratingListener();
        var launcher = LauncherFactory.create();
        var request = LauncherDiscoveryRequestBuilder.request()
                .selectors(arguments[0].contains("#") ? selectMethod(arguments[0]) : selectClass(arguments[0]))
                .build();
        launcher.execute(request, summary);
        var result = summary.getSummary();
        for (var failure : result.getFailures()) {
            System.out.println("FAILED " + failure.getTestIdentifier().getDisplayName() + ": "
                    + String.valueOf(failure.getException()).replaceAll("\\s+", " "));
        }
        result.printFailuresTo(new PrintWriter(System.out), 40);
        System.exit(result.getTestsFoundCount() == 0 ? 2 : result.getTotalFailureCount() == 0 ? 0 : 1);
    }
}
