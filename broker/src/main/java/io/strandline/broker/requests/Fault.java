package io.strandline.broker.requests;

import io.strandline.protocol.ErrorCode;
import io.strandline.storage.StorageError;
import java.util.List;

/**
 * Why something that a client sent was not taken.
 *
 * @param reason a sentence for a person
 * @param records the records at fault, where single ones are (KIP-467)
 */
record Fault(ErrorCode error, String reason, List<RecordFault> records) {
    /** @param index place of the record in its batch */
    record RecordFault(int index, String reason) {}

    static Fault of(StorageError error, String reason) {
        return of(ErrorCode.valueOf(error.name()), reason);
    }

    static Fault of(ErrorCode error, String reason) {
        return new Fault(error, reason, List.of());
    }
}
