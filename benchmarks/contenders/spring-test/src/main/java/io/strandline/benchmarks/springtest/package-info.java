/** The embedded broker of Spring for Apache Kafka. */
@NullMarked
package io.strandline.benchmarks.springtest;

import org.jspecify.annotations.NullMarked;
