package io.strandline.broker.groups;

/**
 * What a group says, and when it may be told: only once the log is durable up to the last event that this answer knows of
 * (rule W15). Else a power cut could take back what a client has already acted on.
 *
 * @param durableFrom end offset that the log must have reached on the disk; 0 when the answer depends on no event
 */
public record Settled<T>(T value, long durableFrom) {}
