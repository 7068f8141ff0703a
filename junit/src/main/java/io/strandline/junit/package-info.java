/** A broker of its own for a test class, the clients for it, and faults on demand. Start at {@link StrandlineTest}. */
@NullMarked
package io.strandline.junit;

import org.jspecify.annotations.NullMarked;
