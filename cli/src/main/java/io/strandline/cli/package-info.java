/** The command line: serve, demo, topics, produce, consume. */
@NullMarked
package io.strandline.cli;

import org.jspecify.annotations.NullMarked;
