/**
 * A disk whose power can be cut: the instrument that Strandline is tested with, and that {@code demo --power-cut}
 * shows. It is published on purpose, for tests of whoever builds on the storage; no broker in service uses it.
 */
@NullMarked
package io.strandline.storage.simulation;

import org.jspecify.annotations.NullMarked;
