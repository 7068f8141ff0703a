package io.strandline;

/** What an acknowledgement proves. */
public enum Acks {
    /** Fire and forget (acks=0): the message has left, nothing more is known, and it is not sent again. */
    NONE("0"),
    /** The partition's leader has it in memory (acks=1): survives the death of its process, not that of its machine. */
    LEADER("1"),
    /** Every in-sync replica has it (acks=all); on Strandline's own broker, it is on the disk. */
    ALL("all");

    private final String kafkaName;

    Acks(String kafkaName) {
        this.kafkaName = kafkaName;
    }

    String kafkaName() {
        return kafkaName;
    }
}
