package io.strandline.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class, its nested classes included, a broker in this JVM on a free port of the loopback address. It ends with
 * the class.
 *
 * <pre>{@code
 *   @StrandlineTest
 *   class BillingTest {
 *       @Test
 *       void anOrderIsBilledOnce(Kafka kafka, StrandlineBroker broker, @TestTopic Topic<String, Order> orders) { .. }
 *   }
 * }</pre>
 *
 * <p>Methods, life cycle methods and constructors may ask for:
 *
 * <ul>
 *   <li>{@link StrandlineBroker}: to kill it, restart it, and have it fail;
 *   <li>{@link io.strandline.Kafka}, {@link io.strandline.Producer}, {@link io.strandline.Admin}: connected. One that is asked
 *       for by a test is that test's own, and is closed after it, its consumers drained; one that is asked for by
 *       {@code @BeforeAll} or a constructor serves all tests of the class;
 *   <li>{@link TestTopic @TestTopic} {@link io.strandline.Topic}: a topic under a name that no other test has, created;
 *   <li>{@link BootstrapServers @BootstrapServers} {@link String}: the address, for any other Kafka client.
 * </ul>
 *
 * <p>After each test the broker runs (again) and all faults are gone. What tests wrote stays until the class ends.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(StrandlineExtension.class)
public @interface StrandlineTest {
    /** Where the broker keeps its data. */
    enum Storage {
        /** On the heap. Forces nothing, and is otherwise the whole storage engine. */
        MEMORY,
        /** In a temporary directory that is deleted afterwards, forced to the disk as in production. */
        DISK
    }

    Storage storage() default Storage.MEMORY;

    /** Broker settings, as {@code "num.partitions=3"}. */
    String[] settings() default {};
}
