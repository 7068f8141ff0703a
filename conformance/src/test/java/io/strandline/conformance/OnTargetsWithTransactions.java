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
 * As {@link OnEveryTarget}, for what needs transactions. That the others refuse them in a sentence is in
 * {@link TransactionsOrASentenceTest}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("io.strandline.conformance.Subject#chosenWithTransactions")
@ExtendWith(CompatibilityReport.class)
@Timeout(120)
@interface OnTargetsWithTransactions {
    /** The client whose features the tests show, as the report names it. */
    String client();
}
