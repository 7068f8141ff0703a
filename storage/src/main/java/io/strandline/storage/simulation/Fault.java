package io.strandline.storage.simulation;

import java.util.function.Predicate;

/**
 * A trouble that a simulated disk is told to have: at which operations, which of these, and what happens.
 *
 * <ul>
 *   <li>A <b>write</b> that fails has written some of its bytes, as far as chance (or space) has it.
 *   <li>A <b>force</b> that fails has written some sectors and takes the others for clean: they can be read, and no
 *       later force writes them.
 *   <li>A <b>close</b> that fails does the same, and in silence: the system wrote the bytes back later and had nobody
 *       to tell.
 *   <li>Every other operation fails without effect.
 * </ul>
 *
 * @param kind the kind of operation that fails
 * @param path whether an operation on this path (for a rename: the old one) fails
 * @param skipped how many such operations go well before the first that fails
 * @param times how many fail after that
 * @param cause the reason that is given
 */
public record Fault(OperationKind kind, Predicate<String> path, long skipped, long times, Cause cause) {

    /** What the operation reports. */
    public enum Cause {
        /** EIO: the medium failed. */
        INPUT_OUTPUT_ERROR,
        /** ENOSPC: a {@link io.strandline.storage.DiskFull}. */
        NO_SPACE
    }

    /** The next operation of this kind fails with an input/output error, on whatever path. */
    public static Fault inputOutputError(OperationKind kind) {
        return new Fault(kind, path -> true, 0, 1, Cause.INPUT_OUTPUT_ERROR);
    }

    /** The next operation of this kind finds no space, on whatever path. */
    public static Fault noSpace(OperationKind kind) {
        return new Fault(kind, path -> true, 0, 1, Cause.NO_SPACE);
    }

    /** The same, but only on paths that contain this text. */
    public Fault onPath(String text) {
        return new Fault(kind, path -> path.contains(text), skipped, times, cause);
    }

    /** The same, after so many operations that fit have gone well. */
    public Fault after(long operations) {
        return new Fault(kind, path, operations, times, cause);
    }

    /** The same, so many times in a row. */
    public Fault times(long number) {
        return new Fault(kind, path, skipped, number, cause);
    }

    /** The same, until {@link SimulatedDisk#removeFaults}. */
    public Fault always() {
        return times(Long.MAX_VALUE);
    }

    boolean fits(OperationKind operation, String on) {
        return kind == operation && path.test(on);
    }
}
