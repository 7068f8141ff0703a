package io.strandline.broker.requests;

import io.strandline.protocol.ErrorCode;

/** What is said to who asks about access rules: like Apache Kafka without an authorizer, this broker has none. */
final class NoAuthorizer {
    static final ErrorCode ERROR = ErrorCode.SECURITY_DISABLED;
    static final String REASON =
            "This broker has no Authorizer and keeps no access rules: who reaches it may do everything";

    private NoAuthorizer() {}
}
