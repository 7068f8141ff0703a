package io.strandline.storage;

/** What became of a batch that was to be appended. */
public sealed interface Verdict {

    /**
     * The batch is in the log, in the operating system's memory. It is on the disk once the log's durable end has
     * reached {@code endOffset}; not earlier.
     *
     * @param baseOffset offset of its first record
     * @param endOffset one more than the offset of its last record; the point to wait for with {@code acks=all}
     * @param killProofFrom the durable end at which the batch survives the death of the process: the point to wait for
     *     with {@code acks=1}. Reached already (0) unless a bundle is pending in front of the batch: its bytes are a
     *     hole in the file, and recovery would cut at the hole
     * @param logAppendTimeMs the time stamp given by the log, or -1 where the producer's own time stamps count
     * @param logStartOffset the first offset in the log
     */
    record Appended(long baseOffset, long endOffset, long killProofFrom, long logAppendTimeMs, long logStartOffset)
            implements Verdict {}

    /**
     * The batch is in the log already: the producer sent it again because our reply was lost. Nothing was appended.
     * The first copy may not be on the disk yet, so this reply waits until {@code endOffset} is durable like the first
     * one (W14).
     *
     * @param baseOffset offset of the first record of the first copy
     * @param endOffset one more than the offset of the last record of the first copy
     * @param logAppendTimeMs the time stamp the log gave to the first copy, or -1
     * @param logStartOffset the first offset in the log
     */
    record Duplicate(long baseOffset, long endOffset, long logAppendTimeMs, long logStartOffset) implements Verdict {}

    /** Nothing was appended, and nothing is remembered of it. The reason is a sentence for a person. */
    record Rejected(StorageError error, String reason) implements Verdict {}
}
