package io.strandline.junit;

import io.strandline.Admin;
import io.strandline.Kafka;
import io.strandline.Producer;
import io.strandline.Serde;
import io.strandline.Topic;
import io.strandline.broker.config.BrokerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * What {@link StrandlineTest} promises. Everything lives in the store of the context that asked for it first, so JUnit closes
 * it there: a test's clients after the test, the class's broker after the class.
 */
final class StrandlineExtension implements BeforeAllCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace OURS = ExtensionContext.Namespace.create(StrandlineExtension.class);
    private static final Duration READY = Duration.ofSeconds(30);
    private static final Set<Class<?>> TYPES = Set.of(StrandlineBroker.class, Kafka.class, Producer.class, Admin.class);

    /** A broker and where it keeps its data. */
    private record Running(StrandlineBroker broker, Optional<Path> directory, AtomicInteger topics)
            implements AutoCloseable {
        @Override
        public void close() throws IOException {
            broker.close();
            if (directory.isPresent()) {
                delete(directory.get());
            }
        }
    }

    /** Nested classes find the one of the class around them. */
    @Override
    public void beforeAll(ExtensionContext context) {
        context.getStore(OURS)
                .computeIfAbsent(Running.class, key -> start(context.getRequiredTestClass()), Running.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        var broker = running(context).broker;
        broker.faults().clear();
        broker.slowDisk(Duration.ZERO);
        if (!broker.isRunning()) {
            broker.restart(); // also for the clients of this test, which are closed after this
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        var type = parameter.getParameter().getType();
        return TYPES.contains(type)
                || (type == Topic.class && parameter.isAnnotated(TestTopic.class))
                || (type == String.class && parameter.isAnnotated(BootstrapServers.class));
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        var type = parameter.getParameter().getType();
        if (type == StrandlineBroker.class) {
            return running(context).broker;
        } else if (type == String.class) {
            return running(context).broker.bootstrapServers();
        } else if (type == Producer.class) {
            return kafka(context).producer();
        } else if (type == Admin.class) {
            return kafka(context).admin();
        } else if (type == Topic.class) {
            return topic(parameter, context);
        }
        return kafka(context);
    }

    private static Running running(ExtensionContext context) {
        var running = context.getStore(OURS).get(Running.class, Running.class);
        if (running == null) {
            throw new IllegalStateException(
                    context.getDisplayName() + " has no broker: its class has no @StrandlineTest");
        }
        return running;
    }

    private static Running start(Class<?> test) {
        var wanted = test.getAnnotation(StrandlineTest.class);
        if (wanted == null) {
            throw new IllegalStateException(test + " has no @StrandlineTest");
        }
        var config = BrokerConfig.of(settings(wanted.settings()));
        return switch (wanted.storage()) {
            case MEMORY -> new Running(StrandlineBroker.inMemory(config), Optional.empty(), new AtomicInteger());
            case DISK -> {
                var directory = temporaryDirectory(test);
                yield new Running(
                        StrandlineBroker.in(directory.resolve("data"), config),
                        Optional.of(directory),
                        new AtomicInteger());
            }
        };
    }

    private static Map<String, String> settings(String[] texts) {
        var settings = new LinkedHashMap<String, String>();
        for (var text : texts) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("'" + text + "' is not a setting: write name=value");
            }
            settings.put(
                    text.substring(0, equals).strip(),
                    text.substring(equals + 1).strip());
        }
        return settings;
    }

    private static Kafka kafka(ExtensionContext context) {
        return context.getStore(OURS)
                .computeIfAbsent(
                        Kafka.class,
                        key -> Kafka.connect(running(context).broker.bootstrapServers())
                                .awaitReady(READY),
                        Kafka.class);
    }

    private static Topic<?, ?> topic(ParameterContext parameter, ExtensionContext context) {
        var wanted = parameter.findAnnotation(TestTopic.class).orElseThrow();
        var begin = wanted.value().isEmpty() ? context.getRequiredTestClass().getSimpleName() : wanted.value();
        var types = types(parameter);
        return context.getStore(OURS)
                .computeIfAbsent(
                        "topic " + begin + " " + types[0] + " " + types[1],
                        key -> {
                            var number = running(context).topics.incrementAndGet();
                            var topic = Topic.of(begin + "-" + number, serde(types[0]), serde(types[1]))
                                    .partitions(wanted.partitions());
                            for (var setting : settings(wanted.config()).entrySet()) {
                                topic = topic.config(setting.getKey(), setting.getValue());
                            }
                            kafka(context).admin().ensure(topic);
                            return topic;
                        },
                        Topic.class);
    }

    private static Type[] types(ParameterContext parameter) {
        if (parameter.getParameter().getParameterizedType() instanceof ParameterizedType types) {
            return types.getActualTypeArguments();
        }
        throw new ParameterResolutionException(
                "@TestTopic needs the types of key and value: write Topic<String, Order>, not Topic");
    }

    private static Serde<?> serde(Type type) {
        if (type == String.class) {
            return Serde.string();
        } else if (type == byte[].class) {
            return Serde.bytes();
        } else if (type instanceof Class<?> other) {
            return Serde.json(other);
        }
        throw new ParameterResolutionException("@TestTopic knows String, byte[] and classes for JSON, not "
                + type.getTypeName() + "; make the topic by Topic.of(..) and admin().ensure(..)");
    }

    private static Path temporaryDirectory(Class<?> test) {
        try {
            return Files.createTempDirectory("strandline-" + test.getSimpleName() + "-");
        } catch (IOException e) {
            throw new UncheckedIOException("No directory for the broker of " + test, e);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var paths = Files.walk(directory)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
