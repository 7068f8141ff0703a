package io.strandline.protocol;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * Fills Kafka's own message objects at random, with what one version can express. Which fields that are, Kafka's schema
 * of the version says.
 */
final class RandomKafkaMessage {
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        -2,
        127,
        128,
        -128,
        255,
        256,
        Short.MAX_VALUE,
        Short.MIN_VALUE,
        65535,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final int FIRST_UNKNOWN_TAG = 100;

    private final Random random;

    RandomKafkaMessage(Random random) {
        this.random = random;
    }

    org.apache.kafka.common.protocol.Message of(OracleMessage message, short version) {
        var filled = message.newKafkas();
        fill(filled, message.schema(version), 0);
        return filled;
    }

    private void fill(org.apache.kafka.common.protocol.Message struct, Schema schema, int depth) {
        var fields = javaFields(struct.getClass());
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                tagged.fields().values().forEach(field -> {
                    if (random.nextInt(3) > 0) {
                        set(struct, javaField(fields, field.name), field.type, depth);
                    }
                });
                addUnknownTags(struct);
            } else {
                set(struct, javaField(fields, bound.def.name), bound.def.type, depth);
            }
        }
    }

    private void addUnknownTags(org.apache.kafka.common.protocol.Message struct) {
        int tag = FIRST_UNKNOWN_TAG;
        while (random.nextInt(5) == 0) {
            tag += random.nextInt(200) + 1;
            struct.unknownTaggedFields().add(new RawTaggedField(tag, randomBytes(random.nextInt(200))));
        }
    }

    private void set(Object struct, Field field, Type type, int depth) {
        try {
            field.set(struct, value(field, type, depth));
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private @Nullable Object value(Field field, Type type, int depth) {
        if (type.isNullable() && random.nextInt(5) == 0) {
            return null;
        }
        if (type.arrayElementType().isPresent()) {
            return collection(field, type.arrayElementType().get(), depth);
        }
        return single(field.getType(), type, depth);
    }

    @SuppressWarnings("unchecked")
    private Collection<Object> collection(Field field, Type elementType, int depth) {
        var elementClass = elementClass(field);
        Collection<Object> collection =
                field.getType() == List.class ? new ArrayList<>() : (Collection<Object>) newInstance(field.getType());
        for (int i = random.nextInt(depth > 2 ? 2 : 4); i > 0; i--) {
            collection.add(single(elementClass, elementType, depth + 1));
        }
        return collection;
    }

    private static Class<?> elementClass(Field field) {
        var generic = field.getType() == List.class
                ? field.getGenericType()
                : field.getType().getGenericSuperclass();
        return (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
    }

    private Object single(Class<?> javaType, Type type, int depth) {
        if (type instanceof Schema schema) {
            var struct = (org.apache.kafka.common.protocol.Message) newInstance(javaType);
            fill(struct, schema, depth + 1);
            return struct;
        }
        if (javaType == boolean.class || javaType == Boolean.class) {
            return random.nextBoolean();
        }
        if (javaType == String.class) {
            return randomString();
        }
        if (javaType == Uuid.class) {
            return random.nextInt(4) == 0 ? Uuid.ZERO_UUID : new Uuid(random.nextLong(), random.nextLong());
        }
        if (javaType == double.class) {
            return random.nextInt(4) == 0 ? 0.0 : random.nextDouble() * 1e9 - 5e8;
        }
        if (javaType == byte[].class) {
            return randomBytes(randomLength());
        }
        if (javaType == ByteBuffer.class) {
            return ByteBuffer.wrap(randomBytes(randomLength()));
        }
        if (javaType == BaseRecords.class) {
            return MemoryRecords.readableRecords(ByteBuffer.wrap(randomBytes(randomLength())));
        }
        return number(javaType, type);
    }

    private Object number(Class<?> javaType, Type type) {
        long number = random.nextBoolean() ? NUMBERS[random.nextInt(NUMBERS.length)] : random.nextLong();
        if (javaType == byte.class || javaType == Byte.class) {
            return (byte) number;
        }
        if (javaType == short.class || javaType == Short.class) {
            return (short) number;
        }
        if (javaType == int.class || javaType == Integer.class) {
            return type.equals(Type.UINT16) ? (int) number & 0xffff : (int) number;
        }
        if (javaType == long.class || javaType == Long.class) {
            return number;
        }
        throw new IllegalStateException("No random value for " + javaType);
    }

    private String randomString() {
        int length = randomLength();
        var text = new StringBuilder();
        boolean ascii = random.nextInt(3) > 0;
        for (int i = 0; i < length; i++) {
            text.appendCodePoint(ascii ? 'a' + random.nextInt(26) : codePoint());
        }
        return text.toString();
    }

    /** One, two, three or four bytes in UTF-8. */
    private int codePoint() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(0x80);
            case 1 -> 0x80 + random.nextInt(0x780);
            case 2 -> 0x800 + random.nextInt(0xd000);
            default -> 0x10000 + random.nextInt(0x10000);
        };
    }

    /** Mostly short, sometimes where the varint of the length gets its second byte. */
    private int randomLength() {
        return switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1 -> 120 + random.nextInt(16);
            default -> random.nextInt(12);
        };
    }

    private byte[] randomBytes(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static Field javaField(Map<String, Field> fields, String schemaName) {
        var field = fields.get(normal(schemaName));
        if (field == null) {
            throw new IllegalStateException("No field for " + schemaName + " among " + fields.keySet());
        }
        return field;
    }

    private static Map<String, Field> javaFields(Class<?> type) {
        var fields = new HashMap<String, Field>();
        Arrays.stream(type.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .forEach(field -> {
                    field.setAccessible(true);
                    fields.put(normal(field.getName()), field);
                });
        return fields;
    }

    private static String normal(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }

    private static Object newInstance(Class<?> type) {
        try {
            return type.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
