/** Strandline side by side with Apache Kafka on the same machine, in one run. Not published. */
@NullMarked
package io.strandline.benchmarks;

import org.jspecify.annotations.NullMarked;
