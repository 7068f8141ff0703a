package io.strandline.conformance;

import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethod;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may know whom, read from the class files of all modules. What only the source shows is in {@link SourceRulesTest}. */
class ArchitectureTest {
    private static final Pattern MODULE = Pattern.compile("/([^/]+)/target/");
    private static final Set<String> MODULES = Set.of(
            "protocol",
            "storage",
            "broker",
            "client",
            "cli",
            "junit",
            "client-micrometer",
            "client-opentelemetry",
            "client-jdbc");

    private static JavaClasses production;

    @BeforeAll
    static void read() {
        production = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.strandline");
    }

    @Test
    void everyModuleIsSeen() {
        Assertions.assertThat(production.stream().map(ArchitectureTest::module)).containsAll(MODULES);
    }

    @ParameterizedTest
    @CsvSource({"protocol", "storage"})
    void knowsOnlyTheJdk(String module) {
        check(classes()
                .that(in(module))
                .should()
                .onlyDependOnClassesThat(inOrFrom(module, "java.", "javax.", "jdk.net.", "org.jspecify.annotations."))
                .because("protocol and storage are libraries without dependencies"));
    }

    @ParameterizedTest
    @CsvSource({
        "broker, client",
        "broker, cli",
        "client, broker",
        "client, storage",
        "client, protocol",
        "client, cli",
        "client, junit",
        "broker, junit",
        "cli, junit",
        "junit, cli",
        "client, client-micrometer",
        "client, client-opentelemetry",
        "client, client-jdbc",
        "client-micrometer, broker",
        "client-opentelemetry, broker",
        "client-micrometer, client-opentelemetry",
        "client-opentelemetry, client-micrometer",
        "client-jdbc, broker",
        "client-jdbc, client-micrometer",
        "client-jdbc, client-opentelemetry",
        "storage, protocol",
        "storage, broker",
        "protocol, storage",
    })
    void doesNotKnow(String one, String other) {
        check(noClasses()
                .that(in(one))
                .should()
                .dependOnClassesThat(in(other))
                .because("broker and client meet on the wire, and dependencies point inwards"));
    }

    /** What kafka-clients says of a failed send is all that it asks of others. */
    @Test
    void theDatabaseAdapterKnowsNoDriver() {
        check(classes()
                .that(in("client-jdbc"))
                .should()
                .onlyDependOnClassesThat(inOrFrom(
                        "client-jdbc",
                        "java.",
                        "javax.sql.",
                        "io.strandline.",
                        "org.apache.kafka.common.errors.",
                        "org.slf4j.",
                        "org.jspecify.annotations."))
                .because("the application brings the driver, the pool and the framework of its choice"));
    }

    @ParameterizedTest
    @CsvSource({"broker", "storage", "protocol"})
    void knowsNoClassOfApacheKafka(String module) {
        check(noClasses()
                .that(in(module))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.kafka..")
                .because("an embedded broker lives with whatever kafka-clients the application has"));
    }

    @ParameterizedTest
    @CsvSource({"broker", "storage", "protocol"})
    void logsThroughTheSystemLogger(String module) {
        check(noClasses()
                .that(in(module))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.logging..", "org.slf4j..")
                .because("the application chooses the logging framework"));
    }

    @Test
    void noMethodIsSynchronized() {
        check(methods()
                .that()
                .areDeclaredInClassesThat(in("protocol", "storage", "broker", "client", "client-jdbc", "junit"))
                .should()
                .notHaveModifier(JavaModifier.SYNCHRONIZED)
                .because("on JDK 21 to 23 a virtual thread that blocks in one holds its carrier; use a ReentrantLock"));
    }

    @ParameterizedTest
    @CsvSource({"protocol", "storage", "broker", "client", "client-jdbc", "junit"})
    void aLibraryNeverEndsTheJvm(String module) {
        check(noClasses()
                .that(in(module))
                .should(callMethod(System.class, "exit", int.class))
                .orShould(callMethod(Runtime.class, "exit", int.class))
                .orShould(callMethod(Runtime.class, "halt", int.class))
                .because("the host of an embedded broker is not ours to stop"));
    }

    @ParameterizedTest
    @CsvSource({"storage", "broker"})
    void aThreadThatMayTouchAFileIsNotInterruptedByAPool(String module) {
        check(noClasses()
                .that(in(module))
                .should(callMethod(ExecutorService.class, "shutdownNow"))
                .because("an interrupt closes the file channel for everyone"));
    }

    @ParameterizedTest
    @CsvSource({"protocol", "storage", "broker", "client", "client-jdbc"})
    void timeIsHandedIn(String module) {
        check(noClasses()
                .that(in(module).and(DescribedPredicate.not(isClock())))
                .should(callMethod(System.class, "currentTimeMillis"))
                .orShould(callMethod(System.class, "nanoTime"))
                .orShould(callMethod(Instant.class, "now"))
                .because("one seed must reproduce one failure"));
    }

    @Test
    void noClassIsNamedForWantOfANoun() {
        check(noClasses()
                .that(DescribedPredicate.describe("are named", type -> !type.isAnonymousClass()))
                .should(haveNameMatching(".*(Manager|Helper|Utils?|Impl)"))
                .because("who wants to write Manager has not found the noun yet"));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(production);
    }

    private static ArchCondition<JavaClass> haveNameMatching(String regex) {
        return ArchConditions.have(DescribedPredicate.describe(
                "a name like " + regex, (JavaClass type) -> type.getSimpleName().matches(regex)));
    }

    /**
     * The clocks themselves; and in the client two that speak of the caller's own time: how long a call of his waits, and
     * what "an hour ago" means to him.
     */
    private static DescribedPredicate<JavaClass> isClock() {
        var names = "io\\.strandline\\.(.*\\.)?((System)?Time(\\$.*)?|GroupMember|Position)";
        return DescribedPredicate.describe(
                "is the clock", type -> type.getName().matches(names));
    }

    private static DescribedPredicate<JavaClass> in(String... modules) {
        var wanted = Set.of(modules);
        return DescribedPredicate.describe(
                "are in " + String.join(", ", modules), type -> wanted.contains(module(type)));
    }

    private static DescribedPredicate<JavaClass> inOrFrom(String module, String... packages) {
        return DescribedPredicate.describe("are of the JDK or of " + module, type -> {
            var base = type.getBaseComponentType();
            if (base.isPrimitive() || module(base).equals(module)) {
                return true;
            }
            for (var allowed : packages) {
                if (base.getName().startsWith(allowed)) {
                    return true;
                }
            }
            return false;
        });
    }

    /** The folder above {@code target}, which is the module's; empty for a class of somebody else. */
    private static String module(JavaClass type) {
        return type.getSource()
                .map(source -> MODULE.matcher(
                        source.getUri().getPath() == null
                                ? source.getUri().toString()
                                : source.getUri().getPath()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .orElse("");
    }
}
