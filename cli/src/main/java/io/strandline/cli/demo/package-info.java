/** The demo: real events through a broker that is killed halfway, and the account that proves what became of each of them. */
@NullMarked
package io.strandline.cli.demo;

import org.jspecify.annotations.NullMarked;
