package io.strandline;

import java.time.Instant;

/**
 * Where a record is. What that proves is what the producer's {@link Acks} say: with {@link Acks#ALL} every in-sync
 * replica has it (on Strandline's own broker: it is on the disk), with {@link Acks#NONE} nothing is known and the
 * offset is -1.
 *
 * @param partition the partition's number, from 0
 * @param offset the record's place in the partition, or -1 with {@link Acks#NONE}
 * @param timestamp the record's time as the log has it, in milliseconds
 */
public record Ack(String topic, int partition, long offset, Instant timestamp) {}
