package io.strandline.storage.simulation;

/** What is asked of a disk. Each call is one operation, numbered from 1 in each life of a {@link SimulatedDisk}. */
public enum OperationKind {
    CREATE(true),
    OPEN(false),
    WRITE(true),
    READ(false),
    TRANSFER(false),
    FORCE(true),
    TRUNCATE(true),
    SIZE(false),
    CLOSE(false),
    CREATE_DIRECTORY(true),
    EXISTS(false),
    LIST(false),
    RENAME(true),
    DELETE(true),
    FORCE_DIRECTORY(true),
    USABLE_BYTES(false),
    LOCK(true);

    private final boolean changesDisk;

    OperationKind(boolean changesDisk) {
        this.changesDisk = changesDisk;
    }

    /** Whether a cut here can leave another disk behind than a cut at the operation before. */
    public boolean changesDisk() {
        return changesDisk;
    }

    /** Whether it makes something durable: such an operation may be cut off before it has had any effect. */
    boolean forces() {
        return this == FORCE || this == FORCE_DIRECTORY;
    }
}
