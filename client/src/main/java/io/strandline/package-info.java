/**
 * Durable publish-subscribe on the Kafka protocol, with retries, dead letters and a reason when it is stuck.
 *
 * <p>From poll to handler: {@code GroupMember} is a consumer as its users see it; {@code PollLoop} is what its one poll
 * thread does; {@code Tenure} is a partition while it is this member's; {@code Lane} hands its messages to the handler, in
 * order, on a virtual thread; {@code OffsetTracker} knows how far progress may be committed; {@code Commits} stores it.
 *
 * <p>What must stay true, whatever happens ({@code RebalanceSafetyTest} lives random lives of a group to find out):
 *
 * <ul>
 *   <li>Progress never passes an unfinished message.
 *   <li>Nothing is committed for a partition after it was revoked, nor ever for one that was lost.
 *   <li>A late result of a partition that is gone changes nothing: no commit, no retry, no dead letter.
 *   <li>A dead letter is acknowledged before progress passes its message; one that cannot be written holds its partition.
 *   <li>The poll thread runs no handler and no serde, and waits for them only while a partition leaves, with a limit.
 *   <li>What is in memory is limited in messages and bytes; one poll may go beyond, and what is paused.
 *   <li>Every wait has a name in {@link io.strandline.Consumer#explain()}.
 * </ul>
 */
@NullMarked
package io.strandline;

import org.jspecify.annotations.NullMarked;
