/** Kafka's messages as bytes and back. No I/O. */
module io.strandline.protocol {
    requires static org.jspecify;

    exports io.strandline.protocol;
    exports io.strandline.protocol.message;
    exports io.strandline.protocol.record;
}
