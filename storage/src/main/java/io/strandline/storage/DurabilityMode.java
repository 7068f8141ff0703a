package io.strandline.storage;

/** What {@code acks=all} promises. */
public enum DurabilityMode {
    /** On the disk: survives a power cut. */
    FSYNC,
    /** In the operating system: survives the death of the process, not a power cut. */
    OS,
    /** In this process: gone when it ends. Used with a disk in memory. */
    MEMORY
}
