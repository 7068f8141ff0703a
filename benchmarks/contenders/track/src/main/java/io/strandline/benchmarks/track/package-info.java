/** What all contenders have in common: the task, the messages, the handler, the clock. Knows the JDK alone. */
@NullMarked
package io.strandline.benchmarks.track;

import org.jspecify.annotations.NullMarked;
