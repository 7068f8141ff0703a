package io.strandline.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A {@link io.strandline.Topic} that exists when the test begins, under a name that no other test has. Its types follow from
 * the parameter: {@code String} is text, {@code byte[]} is bytes, any other class is JSON. Within one test, the same name
 * asked for twice (in {@code @BeforeEach} and in the test) is the same topic.
 */
@Documented
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface TestTopic {
    /** What the name begins with. Default: the name of the test class. */
    String value() default "";

    int partitions() default 1;

    /** Topic settings, as {@code "retention.ms=1000"}. */
    String[] config() default {};
}
