package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.Optional;

/** What a member hears that asks what to read. */
public sealed interface SyncAnswer {
    record Assigned(Optional<String> protocolType, Optional<String> protocol, Bytes assignment) implements SyncAnswer {}

    record Refused(ErrorCode error) implements SyncAnswer {}
}
