/** Tests of the messages, most of them against Kafka's own classes. */
@NullMarked
package io.strandline.protocol;

import org.jspecify.annotations.NullMarked;
