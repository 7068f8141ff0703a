package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Who a store is. Written last when it is made: a directory without it is not a store yet.
 *
 * <pre>
 *   0 16  store id
 *  16  8  made at, milliseconds since 1970
 *  24  4  number of features in use that not every release knows; none so far
 *  28     for each: 2 length, name in ASCII
 * </pre>
 */
record StoreFile(UUID storeId, long madeMs) {
    static final SmallFile FILE = new SmallFile("SLSTORE ", 1);
    private static final Set<String> KNOWN_FEATURES = Set.of();

    void write(Disk disk) throws IOException {
        var content = ByteBuffer.allocate(28)
                .putLong(storeId.getMostSignificantBits())
                .putLong(storeId.getLeastSignificantBits())
                .putLong(madeMs)
                .putInt(0)
                .flip();
        FILE.write(disk, Layout.ROOT, Layout.STORE, content);
    }

    /** Empty if there is no such file. */
    static Optional<StoreFile> read(Disk disk) throws IOException {
        return switch (FILE.read(disk, Layout.STORE)) {
            case SmallFile.Content.Found found -> Optional.of(decode(found.bytes()));
            case SmallFile.Content.Missing missing -> Optional.empty();
            case SmallFile.Content.Broken broken ->
                throw new StoreRefused("The file store is damaged (" + broken.reason()
                        + "), so this may not be a store of ours: put it back from a copy.");
            case SmallFile.Content.Newer newer ->
                throw new StoreRefused("The store was written by a later release (format " + newer.version()
                        + "; this one reads up to " + FILE.version() + "): use that release.");
        };
    }

    private static StoreFile decode(ByteBuffer bytes) throws StoreRefused {
        var file = new StoreFile(new UUID(bytes.getLong(), bytes.getLong()), bytes.getLong());
        for (int left = bytes.getInt(); left > 0; left--) {
            byte[] name = new byte[bytes.getShort()];
            bytes.get(name);
            String feature = new String(name, StandardCharsets.US_ASCII);
            if (!KNOWN_FEATURES.contains(feature)) {
                throw new StoreRefused("The store uses " + feature
                        + ", which this release does not know: use the later release that wrote it.");
            }
        }
        return file;
    }
}
