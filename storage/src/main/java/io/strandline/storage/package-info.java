/** The log engine: files and offsets. No sockets, no Kafka API types. */
@NullMarked
package io.strandline.storage;

import org.jspecify.annotations.NullMarked;
