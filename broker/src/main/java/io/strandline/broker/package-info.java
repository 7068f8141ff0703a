/** One durable node that speaks the Kafka protocol, embeddable and in its own process. */
@NullMarked
package io.strandline.broker;

import org.jspecify.annotations.NullMarked;
