package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import java.util.Optional;

/** Members go, or are removed by an operator who knows only their instance ids (then the member id is empty). */
public record LeaveRequest(String group, List<Leaver> members) {

    /** @param reason for the log, may be empty (KIP-800) */
    public record Leaver(String memberId, Optional<String> instanceId, String reason) {}

    /** What became of one of them; in the order of the request. */
    public record Left(Leaver member, ErrorCode error) {}
}
