package io.strandline.broker.net;

import java.nio.ByteBuffer;

/**
 * One request as it arrived.
 *
 * @param bytes the request without its length prefix
 * @param claim its room in the request memory; whoever finishes the request releases it
 */
record Frame(ByteBuffer bytes, RequestMemory.Claim claim) {}
