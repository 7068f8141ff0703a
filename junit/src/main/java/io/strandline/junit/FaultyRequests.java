package io.strandline.junit;

import io.strandline.broker.net.Outcome;
import io.strandline.broker.net.Pending;
import io.strandline.broker.net.Reply;
import io.strandline.broker.net.RequestStarter;
import io.strandline.broker.net.Session;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.MalformedMessage;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.storage.Waiter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;

/** Stands between the sockets of one life of a broker and its handlers. */
final class FaultyRequests {
    private static final Outcome DEAD = new Outcome.HangUp("The test has killed this broker");
    private static final short NO_SUCH_ACKS = 2;
    private static final Outcome LOST = new Outcome.HangUp("The test wanted this reply to be lost");

    private final Faults faults;
    private volatile boolean dead;

    FaultyRequests(Faults faults) {
        this.faults = faults;
    }

    /** The dead answer nobody, also not whom they owe. */
    void die() {
        dead = true;
    }

    RequestStarter before(RequestStarter handlers) {
        return (frame, session) -> dead ? Pending.of(DEAD) : new Mortal(start(frame, session, handlers));
    }

    private Pending start(ByteBuffer frame, Session session, RequestStarter handlers) {
        if (!faults.any()) {
            return handlers.start(frame, session);
        }
        RequestFrame request;
        try {
            request = RequestFrame.parse(frame.duplicate());
        } catch (MalformedMessage e) {
            return handlers.start(frame, session); // which says what is wrong with it
        }
        var fault = request.versionIsKnown() ? faults.take(request.api()) : java.util.Optional.<Faults.Fault>empty();
        if (fault.isEmpty()) {
            return handlers.start(frame, session);
        }
        return switch (fault.get()) {
            case Faults.Fault.Refuse(ErrorCode error) -> refuse(request, error, session, handlers);
            case Faults.Fault.LoseReply lost -> new Instead(LOST, handlers.start(frame, session));
        };
    }

    private static Pending refuse(RequestFrame request, ErrorCode error, Session session, RequestStarter handlers) {
        var body = request.readBody();
        var refusal = refusal(request, body, error);
        return body instanceof ProduceRequest produce
                ? new Instead(refusal, handlers.start(impossible(request, produce), session))
                : Pending.of(refusal);
    }

    /**
     * The handler refuses it, too. So it remembers what must not be overtaken, as it does of whatever else it refuses; else
     * what a producer has sent behind it would be stored before it.
     */
    private static ByteBuffer impossible(RequestFrame request, ProduceRequest produce) {
        var parts = RequestFrame.toParts(request.api(), request.header(), produce.acks(NO_SUCH_ACKS));
        return Payload.join(parts).position(Integer.BYTES).slice();
    }

    private static Outcome refusal(RequestFrame request, Message body, ErrorCode error) {
        return Refusal.of(body, error)
                .<Outcome>map(response -> {
                    var parts = new ArrayList<Reply.Part>();
                    var payloads =
                            ResponseFrame.toParts(request.api(), request.version(), request.correlationId(), response);
                    parts.add(new Reply.Part.Bytes(Payload.join(payloads)));
                    return new Outcome.Answer(new Reply(parts));
                })
                .orElseGet(() -> new Outcome.HangUp(
                        "The test wanted " + error + ", and the client does not want to be told (acks=0)"));
    }

    /** Says the same as another until it comes to the outcome. */
    private abstract static class Around implements Pending {
        final Pending pending;

        Around(Pending pending) {
            this.pending = pending;
        }

        @Override
        public boolean ready() {
            return pending.ready();
        }

        @Override
        public Waiter waiter() {
            return pending.waiter();
        }

        @Override
        public Duration remaining() {
            return pending.remaining();
        }

        @Override
        public boolean droppable() {
            return pending.droppable();
        }

        @Override
        public boolean barrier() {
            return pending.barrier();
        }
    }

    private final class Mortal extends Around {
        Mortal(Pending pending) {
            super(pending);
        }

        @Override
        public Outcome take() {
            return dead ? DEAD : pending.take();
        }
    }

    private static final class Instead extends Around {
        private final Outcome outcome;

        Instead(Outcome outcome, Pending pending) {
            super(pending);
            this.outcome = outcome;
        }

        @Override
        public Outcome take() {
            pending.take(); // what the handler has to do is done
            return outcome;
        }
    }
}
