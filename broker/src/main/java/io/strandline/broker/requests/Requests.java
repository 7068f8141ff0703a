package io.strandline.broker.requests;

import io.strandline.broker.net.Outcome;
import io.strandline.broker.net.Pending;
import io.strandline.broker.net.Reply;
import io.strandline.broker.net.Reply.Part;
import io.strandline.broker.net.RequestStarter;
import io.strandline.broker.net.Session;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.MalformedMessage;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.storage.Waiter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** From the bytes of a request to its handler, and from what the handler says to the bytes of a reply. */
public final class Requests implements RequestStarter {
    private final HandlerTable handlers;

    public Requests(Node node) {
        this.handlers = new HandlerTable(node);
    }

    @Override
    public Pending start(ByteBuffer bytes, Session session) {
        RequestFrame frame;
        try {
            frame = RequestFrame.parse(bytes);
        } catch (MalformedMessage e) {
            return hangUp("This is no Kafka request: " + e.getMessage());
        }
        var clientId = frame.header().clientId;
        session.clientId(clientId == null ? "" : clientId);
        var call = new Call(frame.api(), frame.version(), session);
        if (!handlers.speaks(call.api(), call.version())) {
            return refuseVersion(frame, call);
        }
        return new Encoded(handle(frame, call), call, frame.correlationId());
    }

    private Answer handle(RequestFrame frame, Call call) {
        Message request;
        try {
            request = frame.readBody();
        } catch (MalformedMessage e) {
            return Answer.now(new Answer.Result.HangUp(
                    call.api().apiName() + " v" + call.version() + " cannot be read: " + e.getMessage()));
        }
        return handlers.of(call.api()).handle(request, call);
    }

    /** A client that is newer than we are asks which versions we speak: it gets the answer in the oldest form (KIP-511). */
    private Pending refuseVersion(RequestFrame frame, Call call) {
        if (call.api() == ApiKey.API_VERSIONS) {
            var asked = new Call(call.api(), (short) 0, call.session());
            return new Encoded(Answer.now(handlers.apiVersions().unsupportedVersion()), asked, frame.correlationId());
        }
        return hangUp(call.api().apiName() + " v" + call.version() + " is not spoken here. "
                + handlers.spoken(call.api())
                + " A client that asks ApiVersions first, as all current ones do, knows this.");
    }

    private static Pending hangUp(String reason) {
        return Pending.of(new Outcome.HangUp(reason));
    }

    /** An answer on its way to become bytes. Encoding happens on the thread that writes. */
    private record Encoded(Answer answer, Call call, int correlationId) implements Pending {
        @Override
        public boolean ready() {
            return answer.ready();
        }

        @Override
        public Waiter waiter() {
            return answer.waiter();
        }

        @Override
        public Duration remaining() {
            return answer.remaining();
        }

        @Override
        public boolean droppable() {
            return answer.droppable();
        }

        @Override
        public boolean barrier() {
            return answer.barrier();
        }

        @Override
        public boolean hangsUp() {
            return answer.hangsUp();
        }

        @Override
        public Outcome take() {
            return switch (answer.result()) {
                case Answer.Result.Respond(Message response) -> new Outcome.Answer(encode(response));
                case Answer.Result.Silence silence -> new Outcome.Silence();
                case Answer.Result.HangUp(String reason) -> new Outcome.HangUp(reason);
            };
        }

        private Reply encode(Message response) {
            var payloads = ResponseFrame.toParts(call.api(), call.version(), correlationId, response);
            List<Part> parts = new ArrayList<>(payloads.size());
            for (var payload : payloads) {
                switch (payload) {
                    case Payload.Bytes(ByteBuffer buffer) -> parts.add(new Part.Bytes(buffer));
                    case FilePayload file -> parts.addAll(file.parts());
                    default -> throw new IllegalStateException("A payload of an unknown kind: " + payload);
                }
            }
            return new Reply(parts);
        }
    }
}
