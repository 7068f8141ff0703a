/** The whole broker on the simulated disk and a clock turned by hand: lives by seed, with a power cut at every operation. */
@NullMarked
package io.strandline.broker.life;

import org.jspecify.annotations.NullMarked;
