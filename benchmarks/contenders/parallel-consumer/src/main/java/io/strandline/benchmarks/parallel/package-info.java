/** Confluent Parallel Consumer at the same work. */
@NullMarked
package io.strandline.benchmarks.parallel;

import org.jspecify.annotations.NullMarked;
