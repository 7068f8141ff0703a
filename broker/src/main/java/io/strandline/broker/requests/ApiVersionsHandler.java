package io.strandline.broker.requests;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.ApiVersionsRequest;
import io.strandline.protocol.message.ApiVersionsResponse;
import io.strandline.protocol.message.ApiVersionsResponse.ApiVersion;
import java.util.List;

/**
 * ApiVersions, v0 to v4: what this broker speaks.
 *
 * <p>Produce is announced from v0 though it is spoken from v3: librdkafka takes a higher start for a broker without
 * compression and silently sends everything uncompressed (KAFKA-18659). A version above ours is answered in v0 with
 * UNSUPPORTED_VERSION and the same list, so a newer client can ask again. There are no finalized features to tell as long as
 * there are no transactions; the epoch -1 says so.
 */
final class ApiVersionsHandler implements Handler<ApiVersionsRequest> {
    private static final int SOFTWARE_CHARACTERS_MAX = 100;

    private final List<HandlerTable.Range> ranges;

    ApiVersionsHandler(List<HandlerTable.Range> ranges) {
        this.ranges = ranges;
    }

    @Override
    public Answer handle(ApiVersionsRequest request, Call call) {
        if (call.version() >= 3) {
            var fault = nameFault(request.clientSoftwareName) || nameFault(request.clientSoftwareVersion);
            if (fault) {
                return Answer.now(new ApiVersionsResponse().errorCode(ErrorCode.INVALID_REQUEST));
            }
            call.session().software(request.clientSoftwareName + " " + request.clientSoftwareVersion);
        }
        return Answer.now(table());
    }

    /** For a client that asks in a version we do not know. */
    Message unsupportedVersion() {
        return table().errorCode(ErrorCode.UNSUPPORTED_VERSION);
    }

    private ApiVersionsResponse table() {
        var response = new ApiVersionsResponse();
        for (var range : ranges) {
            short lowest = range.api() == ApiKey.PRODUCE ? 0 : range.lowest();
            response.apiKeys.add(
                    new ApiVersion().apiKey(range.api().id()).minVersion(lowest).maxVersion(range.highest()));
        }
        return response;
    }

    /** KIP-511: letters, digits, '-' and '.', beginning and ending with a letter or digit. */
    private static boolean nameFault(String name) {
        if (name.isEmpty() || name.length() > SOFTWARE_CHARACTERS_MAX) {
            return true;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            boolean inner = i > 0 && i < name.length() - 1 && (c == '-' || c == '.');
            if (!plain && !inner) {
                return true;
            }
        }
        return false;
    }
}
