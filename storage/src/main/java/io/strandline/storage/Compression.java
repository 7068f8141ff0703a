package io.strandline.storage;

/** How the records of a batch are compressed; the order is that of the three bits in the batch's attributes. */
public enum Compression {
    NONE,
    GZIP,
    SNAPPY,
    LZ4,
    ZSTD
}
