/**
 * Writes Strandline's message classes out of Kafka's JSON message specs; runs at build time only.
 *
 * <p>{@link io.strandline.protocol.generator.Generate} is the program. A spec becomes a tree of {@code MessageSpec},
 * {@code StructSpec} and {@code FieldSpec}; {@code MessageClass}, {@code FieldCode} and {@code ApiKeyClass} turn these into Java.
 */
@NullMarked
package io.strandline.protocol.generator;

import org.jspecify.annotations.NullMarked;
