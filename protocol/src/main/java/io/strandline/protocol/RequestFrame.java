package io.strandline.protocol;

import io.strandline.protocol.message.RequestHeader;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A request as it comes off the wire: header read, body not yet. Between the two the broker decides whether it speaks the
 * version at all.
 *
 * <pre>
 * | length: int32 | api key: int16 | version: int16 | correlation id: int32 | client id | tagged fields | body |
 *                 '------------------------- header, v1 or v2 --------------------------'
 * </pre>
 *
 * The first eight bytes of the header are the same in all versions, also in ones we do not know.
 */
public final class RequestFrame {
    private static final int FIXED_BYTES = 8;

    private final ApiKey api;
    private final RequestHeader header;
    private final ByteSource body;

    private RequestFrame(ApiKey api, RequestHeader header, ByteSource body) {
        this.api = api;
        this.header = header;
        this.body = body;
    }

    /**
     * Reads the header.
     *
     * @param frame what follows the length; it is not moved, and the request's byte fields stay slices of it
     * @throws MalformedMessage if it does not begin like a request, or for an API that does not exist
     */
    public static RequestFrame parse(ByteBuffer frame) {
        if (frame.remaining() < FIXED_BYTES) {
            throw new MalformedMessage(
                    "RequestHeader", "a frame of " + frame.remaining() + " bytes is too short for a request");
        }
        short id = frame.slice().getShort(0);
        short version = frame.slice().getShort(2);
        var api = ApiKey.forId(id)
                .orElseThrow(() -> new MalformedMessage("RequestHeader.requestApiKey", "no API has the number " + id));
        var source = new ByteSource(frame);
        var header = new RequestHeader();
        header.read(source, api.requestHeaderVersion(version));
        return new RequestFrame(api, header, source);
    }

    /** The bytes of a request, length first, for whoever plays the client. */
    public static List<Payload> toParts(ApiKey api, RequestHeader header, Message body) {
        short version = header.requestApiVersion;
        return ResponseFrame.framed(out -> {
            header.write(out, api.requestHeaderVersion(version));
            body.write(out, version);
        });
    }

    public ApiKey api() {
        return api;
    }

    public RequestHeader header() {
        return header;
    }

    public short version() {
        return header.requestApiVersion;
    }

    public int correlationId() {
        return header.correlationId;
    }

    /** Whether the message classes know this version; if not, {@link #readBody} must not be called. */
    public boolean versionIsKnown() {
        return api.speaks(version());
    }

    /**
     * Reads the body; once. Bytes behind it are ignored, as Kafka does.
     *
     * @throws MalformedMessage if it is no such request
     */
    public Message readBody() {
        var request = api.newRequest();
        request.read(body, version());
        return request;
    }

    /** For logs: which API, version, correlation id and client. */
    @Override
    public String toString() {
        return api.apiName() + " v" + version() + ", " + header;
    }
}
