/** Tests of the generator; what it generates is tested where it is compiled. */
@NullMarked
package io.strandline.protocol.generator;

import org.jspecify.annotations.NullMarked;
