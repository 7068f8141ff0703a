package io.strandline;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jfr.AnnotationElement;
import jdk.jfr.Category;
import jdk.jfr.Enabled;
import jdk.jfr.EventFactory;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import jdk.jfr.ValueDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Event}s as events of the JDK's flight recorder: {@code strandline.} and the name of the record, with a field
 * for each of its components. The kinds are made from the sealed family, once for the JVM, when the first event is raised
 * while a recording is on. Nothing here is loaded where the JVM has no flight recorder.
 *
 * <p>Mapping: numbers, booleans and texts as they are; a {@link Duration} in nanoseconds, as a time span; {@code at} is
 * the time of the event itself; an {@link Ack} as topic, partition and offset; the rest as text, empty where there is
 * nothing.
 */
final class FlightRecording {
    /** One for each message: only for who asks for it by its name. */
    private static final Set<Class<? extends Event>> ONLY_BY_NAME = Set.of(Event.Sent.class);

    /** All of them, so that tools know also those that have not happened yet. */
    private static final Map<Class<? extends Event>, Kind> KINDS =
            kinds(Event.class).stream().distinct().collect(Collectors.toMap(type -> type, Kind::new));

    private FlightRecording() {}

    /** Whether a recording that is on wants events of this type. */
    static boolean wanted(Class<? extends Event> type) {
        var kind = KINDS.get(type);
        return kind != null && kind.factory.getEventType().isEnabled();
    }

    static void record(Event event) {
        var kind = KINDS.get(event.getClass());
        if (kind != null) {
            kind.record(event);
        }
    }

    /** The records of the family. */
    static List<Class<? extends Event>> kinds(Class<? extends Event> family) {
        var kinds = new ArrayList<Class<? extends Event>>();
        for (var member : family.getPermittedSubclasses()) {
            var event = member.asSubclass(Event.class);
            if (event.isRecord()) {
                kinds.add(event);
            } else {
                kinds.addAll(kinds(event));
            }
        }
        return kinds;
    }

    /** One kind of event: its fields, in the order of the record. */
    private static final class Kind {
        private final List<Field> fields;
        private final EventFactory factory;

        Kind(Class<? extends Event> type) {
            fields = Arrays.stream(type.getRecordComponents())
                    .filter(component -> component.getType() != Instant.class)
                    .flatMap(component -> Field.of(component).stream())
                    .toList();
            factory = EventFactory.create(
                    List.of(
                            new AnnotationElement(Name.class, "strandline." + type.getSimpleName()),
                            new AnnotationElement(Label.class, type.getSimpleName()),
                            new AnnotationElement(Category.class, new String[] {"Strandline"}),
                            new AnnotationElement(StackTrace.class, false),
                            new AnnotationElement(Enabled.class, !ONLY_BY_NAME.contains(type))),
                    fields.stream().map(Field::descriptor).toList());
            factory.register();
        }

        void record(Event event) {
            var recorded = factory.newEvent();
            if (!recorded.isEnabled()) {
                return;
            }
            for (int i = 0; i < fields.size(); i++) {
                recorded.set(i, fields.get(i).read(event));
            }
            recorded.commit();
        }
    }

    /** A field of a kind. */
    private record Field(ValueDescriptor descriptor, Reading reading) {
        interface Reading {
            Object of(Event event) throws ReflectiveOperationException;
        }

        static List<Field> of(RecordComponent component) {
            var name = component.getName();
            var accessor = component.getAccessor();
            var type = component.getType();
            if (type == long.class || type == int.class || type == boolean.class) {
                return List.of(new Field(new ValueDescriptor(type, name), accessor::invoke));
            }
            if (type == Duration.class) {
                var span = new AnnotationElement(Timespan.class, Timespan.NANOSECONDS);
                return List.of(new Field(
                        new ValueDescriptor(long.class, name, List.of(span)),
                        event -> ((Duration) accessor.invoke(event)).toNanos()));
            }
            if (type == Ack.class) {
                return List.of(
                        text(name + "Topic", event -> ((Ack) accessor.invoke(event)).topic()),
                        new Field(
                                new ValueDescriptor(int.class, name + "Partition"),
                                event -> ((Ack) accessor.invoke(event)).partition()),
                        new Field(
                                new ValueDescriptor(long.class, name + "Offset"),
                                event -> ((Ack) accessor.invoke(event)).offset()));
            }
            return List.of(text(name, accessor::invoke));
        }

        private static Field text(String name, Reading reading) {
            return new Field(new ValueDescriptor(String.class, name), event -> FlightRecording.text(reading.of(event)));
        }

        Object read(Event event) {
            try {
                return reading.of(event);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(descriptor.getName() + " of " + event, e);
            }
        }
    }

    private static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "";
            case Optional<?> maybe -> text(maybe.orElse(null));
            case Set<?> set -> set.stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
            default -> value.toString();
        };
    }
}
