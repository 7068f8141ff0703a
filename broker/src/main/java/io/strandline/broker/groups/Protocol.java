package io.strandline.broker.groups;

/**
 * An assignment strategy that a member knows, with what it has to say to the leader in it.
 *
 * @param name for example {@code range}
 * @param metadata for consumers: the topics they subscribe to
 */
public record Protocol(String name, Bytes metadata) {}
