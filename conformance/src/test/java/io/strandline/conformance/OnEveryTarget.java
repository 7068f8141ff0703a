package io.strandline.conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The tests of this class run against every {@link Subject}, with the same assertions. The class takes the subject in
 * its constructor. What passes and what does not goes into the compatibility report.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "{0}")
@MethodSource("io.strandline.conformance.Subject#chosen")
@ExtendWith(CompatibilityReport.class)
@Timeout(120)
@interface OnEveryTarget {
    /** The client whose features the tests show, as the report names it. */
    String client();
}
