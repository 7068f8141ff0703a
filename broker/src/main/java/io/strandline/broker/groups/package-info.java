/**
 * Consumer groups: who is in them, who reads which partition, how far they have read.
 *
 * <p>Pure logic. Nothing here knows a socket, a file, a thread or a wire type: requests come in as values, what must survive a
 * restart goes out as {@link io.strandline.broker.groups.Event}s to an {@link io.strandline.broker.groups.EventLog}, time comes
 * from outside. Start reading at {@link io.strandline.broker.groups.Groups}, then {@code Group}.
 */
@NullMarked
package io.strandline.broker.groups;

import org.jspecify.annotations.NullMarked;
