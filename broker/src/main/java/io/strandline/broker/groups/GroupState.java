package io.strandline.broker.groups;

/**
 * Where a group of the classic protocol stands.
 *
 * <pre>
 *             first member                all joined, or time is up            leader's assignment
 *   Empty ------------------> Preparing ------------------------> Completing ---------------------> Stable
 *     ^                       Rebalance  <----------------------- Rebalance                            |
 *     |                        |    ^        someone came, left,                                       |
 *     +------------------------+    |        changed or died                                           |
 *          nobody is left           +------------------------------------------------------------------+
 * </pre>
 *
 * An Empty group is deleted on request or when its last offset has expired; then it is Dead.
 */
public enum GroupState {
    /** No members; offsets may be there. */
    EMPTY("Empty"),
    /** Members are called to join again. */
    PREPARING_REBALANCE("PreparingRebalance"),
    /** A generation has begun, its members are known; the leader is working out who reads what. */
    COMPLETING_REBALANCE("CompletingRebalance"),
    /** Everybody knows what to read. */
    STABLE("Stable"),
    /** Deleted. */
    DEAD("Dead");

    private final String kafkaName;

    GroupState(String kafkaName) {
        this.kafkaName = kafkaName;
    }

    /** The name on the wire. */
    @Override
    public String toString() {
        return kafkaName;
    }
}
