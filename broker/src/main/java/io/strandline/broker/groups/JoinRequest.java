package io.strandline.broker.groups;

import java.util.List;
import java.util.Optional;

/**
 * A consumer wants to be a member, or is called to say again that it is.
 *
 * @param memberId empty for a newcomer
 * @param instanceId makes the member static (KIP-345): it keeps its place over a restart of its process
 * @param rebalanceTimeoutMs how long it may take to join again; 0 or less means the session timeout
 * @param protocols in the order of its preference
 * @param reason for the log, may be empty (KIP-800)
 * @param knowsMemberIdRequired whether it understands being sent back with an id (KIP-394, v4); without, a client that hangs
 *     up and tries again leaves dead members behind
 * @param knowsSkipAssignment whether a leader understands that there is nothing to assign (KIP-814, v9)
 */
public record JoinRequest(
        String group,
        String memberId,
        Optional<String> instanceId,
        String clientId,
        String clientHost,
        int sessionTimeoutMs,
        int rebalanceTimeoutMs,
        String protocolType,
        List<Protocol> protocols,
        String reason,
        boolean knowsMemberIdRequired,
        boolean knowsSkipAssignment) {

    public JoinRequest {
        protocols = List.copyOf(protocols);
        if (rebalanceTimeoutMs <= 0) {
            rebalanceTimeoutMs = sessionTimeoutMs;
        }
    }
}
