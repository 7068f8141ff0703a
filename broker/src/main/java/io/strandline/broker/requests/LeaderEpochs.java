package io.strandline.broker.requests;

import io.strandline.protocol.ErrorCode;

/** Whether a client knows the current leader of a partition (KIP-320). */
final class LeaderEpochs {
    private static final int NOT_TOLD = -1;

    private LeaderEpochs() {}

    static ErrorCode fault(int clients, int current) {
        if (clients == NOT_TOLD || clients == current) {
            return ErrorCode.NONE;
        }
        return clients < current ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
    }
}
