package io.strandline;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what brokers refuse for good when the spool sends it again: in a spool beside it, so that nothing is lost. */
record SpoolRefusals(SpoolDisk disk, Spool spool, EventBus events, Time time) implements Spooling.Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);

    @Override
    public void keep(ProducerRecord<byte[], byte[]> message, Throwable why) throws IOException {
        var path = SpoolFile.sibling(spool.path(), ".refused");
        try (var file = SpoolFile.open(disk, path, spool.maxBytes())) {
            if (file.append(List.of(message)).getFirst() == SpoolFile.DID_NOT_FIT) {
                throw new IOException(path + " is full");
            }
        }
        LOG.error(
                "A message to {} was refused for good when it was sent again; it is in {}", message.topic(), path, why);
        events.raise(new Event.Unsent(time.now(), message.topic(), why));
    }
}
