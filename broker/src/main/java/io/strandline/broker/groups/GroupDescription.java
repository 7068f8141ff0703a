package io.strandline.broker.groups;

import java.util.List;
import java.util.Optional;

/**
 * A group as an operator sees it.
 *
 * @param protocolType empty for a group that only keeps offsets
 * @param protocol the assignment strategy; told while the group is Stable, empty otherwise, as in Kafka
 */
public record GroupDescription(
        String group, GroupState state, String protocolType, String protocol, List<Described> members) {

    /** @param metadata what the member said for the protocol; told while the group is Stable */
    public record Described(
            String memberId,
            Optional<String> instanceId,
            String clientId,
            String clientHost,
            Bytes metadata,
            Bytes assignment) {}
}
