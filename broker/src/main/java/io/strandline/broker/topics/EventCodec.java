package io.strandline.broker.topics;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Events as the values of records in the metadata log.
 *
 * <pre>
 *   int8 format: 1 | int8 kind | fields of the kind
 *
 *   kind 1 Named               text cluster id, int32 node id
 *        2 Started             int64 milliseconds
 *        3 TopicCreated        uuid id, text name, int32 partitions, map config
 *        4 TopicDeleted        uuid id
 *        5 TopicConfigured     uuid id, map config
 *        6 PartitionsAdded     uuid id, int32 partitions
 *        7 ProducerIdsReserved int64 end
 *
 *   text: uint16 bytes, modified UTF-8     uuid: two int64     map: int32 entries, each text, text
 * </pre>
 */
final class EventCodec {
    private static final int FORMAT = 1;

    private EventCodec() {}

    static ByteBuffer encode(Event event) {
        var bytes = new ByteArrayOutputStream(64);
        try (var out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            write(event, out);
        } catch (IOException e) {
            throw new UncheckedIOException("Writing to memory failed", e);
        }
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    /** @throws IllegalStateException when these bytes are not an event that this version knows */
    static Event decode(ByteBuffer value) {
        var bytes = new byte[value.remaining()];
        value.duplicate().get(bytes);
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readByte();
            if (format != FORMAT) {
                throw new IllegalStateException("The metadata log holds an event of format " + format
                        + "; this version knows format " + FORMAT + ": use the version that wrote it, or a newer one");
            }
            return read(in.readByte(), in);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The metadata log holds an event of " + bytes.length + " bytes that ends early", e);
        }
    }

    private static void write(Event event, DataOutputStream out) throws IOException {
        switch (event) {
            case Event.Named(String clusterId, int nodeId) -> {
                out.writeByte(1);
                out.writeUTF(clusterId);
                out.writeInt(nodeId);
            }
            case Event.Started(long atMs) -> {
                out.writeByte(2);
                out.writeLong(atMs);
            }
            case Event.TopicCreated(UUID id, String name, int partitions, Map<String, String> config) -> {
                out.writeByte(3);
                write(id, out);
                out.writeUTF(name);
                out.writeInt(partitions);
                write(config, out);
            }
            case Event.TopicDeleted(UUID id) -> {
                out.writeByte(4);
                write(id, out);
            }
            case Event.TopicConfigured(UUID id, Map<String, String> config) -> {
                out.writeByte(5);
                write(id, out);
                write(config, out);
            }
            case Event.PartitionsAdded(UUID id, int partitions) -> {
                out.writeByte(6);
                write(id, out);
                out.writeInt(partitions);
            }
            case Event.ProducerIdsReserved(long end) -> {
                out.writeByte(7);
                out.writeLong(end);
            }
        }
    }

    private static Event read(int kind, DataInputStream in) throws IOException {
        return switch (kind) {
            case 1 -> new Event.Named(in.readUTF(), in.readInt());
            case 2 -> new Event.Started(in.readLong());
            case 3 -> new Event.TopicCreated(readId(in), in.readUTF(), in.readInt(), readMap(in));
            case 4 -> new Event.TopicDeleted(readId(in));
            case 5 -> new Event.TopicConfigured(readId(in), readMap(in));
            case 6 -> new Event.PartitionsAdded(readId(in), in.readInt());
            case 7 -> new Event.ProducerIdsReserved(in.readLong());
            default ->
                throw new IllegalStateException("The metadata log holds an event of kind " + kind
                        + " that this version does not know: use the version that wrote it, or a newer one");
        };
    }

    private static void write(UUID id, DataOutputStream out) throws IOException {
        out.writeLong(id.getMostSignificantBits());
        out.writeLong(id.getLeastSignificantBits());
    }

    private static UUID readId(DataInputStream in) throws IOException {
        return new UUID(in.readLong(), in.readLong());
    }

    private static void write(Map<String, String> map, DataOutputStream out) throws IOException {
        out.writeInt(map.size());
        for (var entry : new TreeMap<>(map).entrySet()) {
            out.writeUTF(entry.getKey());
            out.writeUTF(entry.getValue());
        }
    }

    private static Map<String, String> readMap(DataInputStream in) throws IOException {
        int size = in.readInt();
        var map = new LinkedHashMap<String, String>();
        for (int i = 0; i < size; i++) {
            map.put(in.readUTF(), in.readUTF());
        }
        return map;
    }
}
