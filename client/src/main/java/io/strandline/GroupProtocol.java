package io.strandline;

/** How the members of a group agree on who reads which partitions. */
public enum GroupProtocol {
    /**
     * The members decide among themselves, and the broker passes on what they say. Every broker has it. The default: a
     * group then behaves the same on every broker, and does not change its ways because a cluster was upgraded.
     */
    CLASSIC,

    /**
     * The broker decides (KIP-848): a rebalance stops nobody whose partitions do not move. Apache Kafka has it from 4.0 on,
     * Strandline's broker does not. Session time-out, heartbeat and the strategy of assignment are then settings of the
     * broker.
     */
    CONSUMER,

    /**
     * {@link #CONSUMER} where the cluster offers it and no setting is made that only {@link #CLASSIC} knows, otherwise
     * {@code CLASSIC}; the log says which, and why. Asks the broker at each start and waits up to 5 s for its answer; where
     * there is none it is {@code CLASSIC}. So one group may speak both for a while, which Apache Kafka allows unless its
     * {@code group.consumer.migration.policy} says otherwise.
     */
    AUTO
}
