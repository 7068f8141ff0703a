/** Our client at the same work. */
@NullMarked
package io.strandline.benchmarks.ours;

import org.jspecify.annotations.NullMarked;
