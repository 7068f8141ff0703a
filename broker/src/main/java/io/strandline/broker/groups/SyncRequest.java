package io.strandline.broker.groups;

import java.util.Map;
import java.util.Optional;

/**
 * A member asks what to read; the leader's request brings the answer for everybody.
 *
 * @param protocolType checked when the client sends it (v5)
 * @param protocol checked when the client sends it (v5)
 * @param assignments by member id, from the leader only
 */
public record SyncRequest(
        String group,
        String memberId,
        Optional<String> instanceId,
        int generation,
        Optional<String> protocolType,
        Optional<String> protocol,
        Map<String, Bytes> assignments) {}
