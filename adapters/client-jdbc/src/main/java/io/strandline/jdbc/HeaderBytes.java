package io.strandline.jdbc;

import io.strandline.Headers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;

/**
 * Headers as bytes of one column.
 *
 * <pre>
 *   version   1 byte, 1
 *   count     4 bytes, big-endian as all numbers
 *   for each: length of the name, name (UTF-8), length of the value or -1 for null, value
 * </pre>
 */
final class HeaderBytes {
    private static final int VERSION = 1;

    private HeaderBytes() {}

    static byte[] write(Headers headers) {
        var all = new ArrayList<Headers.Header>();
        headers.forEach(all::add);
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeInt(all.size());
            for (var header : all) {
                var name = header.name().getBytes(StandardCharsets.UTF_8);
                out.writeInt(name.length);
                out.write(name);
                out.writeInt(header.value() == null ? -1 : header.value().length);
                if (header.value() != null) {
                    out.write(header.value());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Memory does not fail to be written", e);
        }
        return bytes.toByteArray();
    }

    /** @throws IllegalStateException if these bytes were not written by {@link #write} */
    static Headers read(byte[] bytes) {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new IllegalStateException("Headers of version " + version + "; this knows " + VERSION);
            }
            var headers = Headers.none();
            for (int left = in.readInt(); left > 0; left--) {
                var name = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
                int length = in.readInt();
                headers = headers.with(name, length < 0 ? null : in.readNBytes(length));
            }
            return headers;
        } catch (IOException e) {
            throw new IllegalStateException(bytes.length + " bytes are not the headers of a message", e);
        }
    }
}
