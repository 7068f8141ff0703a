/** Side by side with the rivals, as ratios of the same run. */
@NullMarked
package io.strandline.benchmarks;

import org.jspecify.annotations.NullMarked;
