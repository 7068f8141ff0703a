/** What a client does, as Micrometer meters: {@link KafkaMeters}. */
@NullMarked
package io.strandline.micrometer;

import org.jspecify.annotations.NullMarked;
