package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import java.util.Optional;

/** What a joining consumer hears. */
public sealed interface JoinAnswer {
    /** The member's id; empty when the client has to come back without one. */
    String memberId();

    /**
     * A generation has begun and the member is part of it.
     *
     * @param leader the member that works out the assignment
     * @param skipAssignment tells the leader that the assignment stands already (KIP-814)
     * @param members all members; filled for the leader only
     */
    record Joined(
            String memberId,
            int generation,
            Optional<String> protocolType,
            Optional<String> protocol,
            Optional<String> leader,
            boolean skipAssignment,
            List<JoinedMember> members)
            implements JoinAnswer {}

    /** A member as the leader sees it. */
    record JoinedMember(String memberId, Optional<String> instanceId, Bytes metadata) {}

    /** Not now, or not so. With MEMBER_ID_REQUIRED the client comes again with {@link #memberId}. */
    record Refused(ErrorCode error, String memberId) implements JoinAnswer {}
}
