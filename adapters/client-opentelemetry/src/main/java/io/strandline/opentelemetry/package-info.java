/** Traces that go on through topics, by OpenTelemetry: {@link KafkaTracing}. */
@NullMarked
package io.strandline.opentelemetry;

import org.jspecify.annotations.NullMarked;
