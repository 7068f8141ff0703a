package io.strandline.broker;

import io.strandline.storage.DurabilityMode;
import io.strandline.storage.Store;
import java.util.List;
import java.util.Optional;

/**
 * How a broker is at one moment.
 *
 * @param failure why nothing is acknowledged any more; empty while all is well. It ends with the process, not by itself
 * @param damages ranges of logs that cannot be read
 * @param durability what an acknowledgement means
 * @param connections open ones
 * @param requestBytes bytes of requests that are being received or worked on, of {@code requestBytesMax}
 */
public record BrokerHealth(
        Optional<String> failure,
        List<Store.Damage> damages,
        DurabilityMode durability,
        int connections,
        long requestBytes,
        long requestBytesMax) {

    /** Everything can be written and read. */
    public boolean ok() {
        return failure.isEmpty() && damages.isEmpty();
    }
}
