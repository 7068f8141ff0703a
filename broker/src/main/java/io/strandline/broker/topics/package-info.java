/**
 * Topics and the other facts that the broker keeps in its own metadata log: decided, appended, applied, and applied again at
 * the next start. Knows no wire type.
 */
@NullMarked
package io.strandline.broker.topics;

import org.jspecify.annotations.NullMarked;
