/** Keeps the Java in the docs and the Java in the tests the same. */
@NullMarked
package io.strandline.docs;

import org.jspecify.annotations.NullMarked;
