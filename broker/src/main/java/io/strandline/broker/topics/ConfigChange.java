package io.strandline.broker.topics;

/** A wish to change one setting of a topic and to leave the others as they are (KIP-339). */
public sealed interface ConfigChange {
    /** Of the setting. */
    String name();

    /** The topic has this value from now on. */
    record Set(String name, String value) implements ConfigChange {}

    /** The topic has no value of its own any more: the broker's counts, or Kafka's default. */
    record Delete(String name) implements ConfigChange {}

    /** The list that counts now, with these words, separated by commas, at its end unless they are in it. */
    record Append(String name, String words) implements ConfigChange {}

    /** The list that counts now, without these words, separated by commas. */
    record Subtract(String name, String words) implements ConfigChange {}
}
