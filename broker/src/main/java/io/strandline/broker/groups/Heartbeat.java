package io.strandline.broker.groups;

import java.util.Optional;

/** A member says that it lives. */
public record Heartbeat(String group, String memberId, Optional<String> instanceId, int generation) {}
