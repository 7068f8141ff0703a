/** Writes Strandline's message classes out of Kafka's JSON message specs; runs at build time only. */
@NullMarked
package io.strandline.protocol.generator;

import org.jspecify.annotations.NullMarked;
