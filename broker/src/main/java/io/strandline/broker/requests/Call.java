package io.strandline.broker.requests;

import io.strandline.broker.net.Session;
import io.strandline.protocol.ApiKey;

/**
 * Around one request: who asks, and in which version.
 *
 * @param session the connection
 */
public record Call(ApiKey api, short version, Session session) {
    @Override
    public String toString() {
        return api.apiName() + " v" + version + " of " + session;
    }
}
