package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.zip.CRC32C;

/**
 * A file that is written as a whole and replaced as a whole: after a crash it is the old one or the new one.
 *
 * <pre>
 *   0  8  magic: what kind of file, in ASCII
 *   8  4  format version
 *  12  4  bytes of content
 *  16  4  CRC32C of 0..15 and the content
 *  20     content
 * </pre>
 *
 * @param magic eight ASCII characters
 * @param version the format that is written; older ones down to 1 can be read
 */
record SmallFile(String magic, int version) {
    static final int HEADER_BYTES = 20;

    SmallFile {
        if (magic.length() != 8) {
            throw new IllegalArgumentException("Not eight characters: " + magic);
        }
    }

    /** What was found under a name. */
    sealed interface Content {
        /** Whole. */
        record Found(int version, ByteBuffer bytes) implements Content {}

        record Missing() implements Content {}

        /** Something is there, but not what was written. */
        record Broken(String reason) implements Content {}

        /** Written by a later release. */
        record Newer(int version) implements Content {}
    }

    /**
     * Writes the content beside, forces it, gives it its name and forces the directory. When this returns the new
     * content survives a power cut; until then the old one does.
     */
    void write(Disk disk, String directory, String name, ByteBuffer content) throws IOException {
        writeUnforced(disk, directory, name, content, true);
        disk.forceDirectory(directory);
    }

    /** For what can be computed again: after a power cut it may be missing or torn, which reading it tells. */
    void writeDerived(Disk disk, String directory, String name, ByteBuffer content) throws IOException {
        writeUnforced(disk, directory, name, content, false);
    }

    private void writeUnforced(Disk disk, String directory, String name, ByteBuffer content, boolean force)
            throws IOException {
        String path = directory.isEmpty() ? name : directory + "/" + name;
        String beside = path + Layout.NEW;
        if (disk.exists(beside)) {
            disk.delete(beside); // left by a crash
        }
        try (var file = disk.create(beside)) {
            file.write(0, encode(content));
            if (force) {
                file.force();
            }
        } catch (DiskFull e) {
            disk.delete(beside); // half a file only takes space
            throw e;
        }
        disk.rename(beside, path);
    }

    ByteBuffer encode(ByteBuffer content) {
        var bytes = ByteBuffer.allocate(HEADER_BYTES + content.remaining());
        bytes.put(magic.getBytes(StandardCharsets.US_ASCII)).putInt(version).putInt(content.remaining());
        bytes.position(HEADER_BYTES).put(content.duplicate()).flip();
        bytes.putInt(16, checksum(bytes));
        return bytes;
    }

    Content read(Disk disk, String path) throws IOException {
        ByteBuffer bytes;
        try (var file = disk.open(path)) {
            bytes = ByteBuffer.allocate(Math.toIntExact(file.size()));
            file.read(0, bytes);
            bytes.flip();
        } catch (NoSuchFileException e) {
            return new Content.Missing();
        }
        return decode(bytes);
    }

    Content decode(ByteBuffer bytes) {
        if (bytes.remaining() < HEADER_BYTES) {
            return new Content.Broken("it has only " + bytes.remaining() + " bytes");
        }
        if (!magic.equals(StandardCharsets.US_ASCII.decode(bytes.slice(0, 8)).toString())) {
            return new Content.Broken("it does not begin with " + magic);
        }
        int found = bytes.getInt(8);
        if (found > version) {
            return new Content.Newer(found);
        }
        if (bytes.getInt(12) != bytes.remaining() - HEADER_BYTES || checksum(bytes) != bytes.getInt(16)) {
            return new Content.Broken("its checksum is wrong");
        }
        return new Content.Found(found, bytes.slice(HEADER_BYTES, bytes.remaining() - HEADER_BYTES));
    }

    private static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.slice(0, 16));
        crc.update(bytes.slice(HEADER_BYTES, bytes.limit() - HEADER_BYTES));
        return (int) crc.getValue();
    }
}
