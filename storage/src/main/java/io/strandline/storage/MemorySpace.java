package io.strandline.storage;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that the files of one {@link MemoryDisk} share. Safe for all threads. */
final class MemorySpace {
    private final AtomicLong used = new AtomicLong();
    private final long capacityBytes;

    private MemorySpace(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    /** Whatever the heap has. */
    static MemorySpace heap() {
        return new MemorySpace(Long.MAX_VALUE);
    }

    static MemorySpace limited(long capacityBytes) {
        return new MemorySpace(capacityBytes);
    }

    /** Nothing is taken when it throws. */
    void take(long bytes) throws DiskFull {
        long before = used.getAndAdd(bytes);
        if (before > capacityBytes - bytes) {
            used.addAndGet(-bytes);
            throw new DiskFull("the memory for this store is used up: " + before + " of " + capacityBytes
                    + " bytes taken, " + bytes + " more wanted. Give it more, or keep less");
        }
    }

    void giveBack(long bytes) {
        used.addAndGet(-bytes);
    }

    long usableBytes() {
        if (capacityBytes < Long.MAX_VALUE) {
            return Math.max(0, capacityBytes - used.get());
        }
        var runtime = Runtime.getRuntime();
        return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    }
}
