package io.strandline;

import java.util.Locale;

/** How batches are compressed on their way and on the disk. Consumers need not be told. */
public enum Compression {
    NONE,
    GZIP,
    SNAPPY,
    LZ4,
    ZSTD;

    String kafkaName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
