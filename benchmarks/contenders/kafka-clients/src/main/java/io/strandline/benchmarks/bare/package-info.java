/** What a team writes by hand over kafka-clients. */
@NullMarked
package io.strandline.benchmarks.bare;

import org.jspecify.annotations.NullMarked;
