/** Kafka's messages as bytes and back. No I/O. */
@NullMarked
package io.strandline.protocol;

import org.jspecify.annotations.NullMarked;
