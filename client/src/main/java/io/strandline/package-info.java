/** Durable publish-subscribe on the Kafka protocol, with retries, dead letters and a reason when it is stuck. */
@NullMarked
package io.strandline;

import org.jspecify.annotations.NullMarked;
