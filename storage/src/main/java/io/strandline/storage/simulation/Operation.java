package io.strandline.storage.simulation;

/**
 * One call of a disk.
 *
 * @param number from 1, in the order of their beginning, within one life of the disk
 * @param kind what is asked
 * @param path of the file or directory as it was called when opened; the old name of a rename
 */
public record Operation(long number, OperationKind kind, String path) {
    @Override
    public String toString() {
        return "operation " + number + " (" + kind + " " + (path.isEmpty() ? "/" : path) + ")";
    }
}
