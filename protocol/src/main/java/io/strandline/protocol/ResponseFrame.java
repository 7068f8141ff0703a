package io.strandline.protocol;

import io.strandline.protocol.message.ResponseHeader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * A response as it goes on the wire.
 *
 * <pre>
 * | length: int32 | correlation id: int32 | tagged fields | body |
 *                 '------- header, v0 or v1 --------------'
 * </pre>
 */
public final class ResponseFrame {
    private ResponseFrame() {}

    /** The whole frame, length first, as parts in the order of sending. */
    public static List<Payload> toParts(ApiKey api, short version, int correlationId, Message body) {
        var header = new ResponseHeader().correlationId(correlationId);
        return framed(out -> {
            header.write(out, api.responseHeaderVersion(version));
            body.write(out, version);
        });
    }

    /**
     * Reads a response, for whoever plays the client.
     *
     * @param frame what follows the length; it is not moved
     * @throws MalformedMessage if it is no such response, or the answer to another request
     */
    public static Message parse(ByteBuffer frame, ApiKey api, short version, int correlationId) {
        var source = new ByteSource(frame);
        var header = new ResponseHeader();
        header.read(source, api.responseHeaderVersion(version));
        if (header.correlationId != correlationId) {
            throw new MalformedMessage(
                    "ResponseHeader.correlationId", header.correlationId + " instead of " + correlationId);
        }
        var response = api.newResponse();
        response.read(source, version);
        return response;
    }

    static List<Payload> framed(Consumer<ByteSink> writing) {
        var count = new CountingSink();
        writing.accept(count);
        int length = count.total();
        return PartsSink.write(count.copied() + Integer.BYTES, out -> {
            out.int32(length);
            writing.accept(out);
        });
    }
}
