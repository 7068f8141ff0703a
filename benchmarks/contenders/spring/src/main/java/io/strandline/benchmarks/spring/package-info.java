/** Spring for Apache Kafka at the same work. */
@NullMarked
package io.strandline.benchmarks.spring;

import org.jspecify.annotations.NullMarked;
