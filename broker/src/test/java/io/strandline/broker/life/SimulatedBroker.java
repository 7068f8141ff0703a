package io.strandline.broker.life;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.groups.GroupsOnDisk;
import io.strandline.broker.net.Complaints;
import io.strandline.broker.net.Outcome;
import io.strandline.broker.net.Pending;
import io.strandline.broker.net.Session;
import io.strandline.broker.requests.Authorizer;
import io.strandline.broker.requests.Node;
import io.strandline.broker.requests.Requests;
import io.strandline.broker.topics.Facts;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.RequestHeader;
import io.strandline.storage.Codec;
import io.strandline.storage.Disk;
import io.strandline.storage.Store;
import io.strandline.storage.StoreConfig;
import io.strandline.storage.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** A broker without threads and sockets: requests go in as bytes, the test says when the disk works. */
public final class SimulatedBroker {
    private final Store store;
    private final Node node;
    private final Requests requests;
    private final Session session =
            new Session("life", new InetSocketAddress("127.0.0.1", 5000), new InetSocketAddress("127.0.0.1", 9092));
    private boolean mayFail;
    private int correlation;

    public SimulatedBroker(Disk disk, StoreConfig config, Time time, Supplier<UUID> newIds) throws IOException {
        var brokerConfig = BrokerConfig.defaults();
        var facts = new Facts(time, brokerConfig.topicDefaults(), newIds);
        store = Store.open(disk, config, facts, time);
        facts.begin(store.metadata(), "cluster", 1);
        settle();
        var named = facts.named().orElseThrow();
        // Time limits of members play no part here: nobody is silent for that long.
        var groups = GroupsOnDisk.open(
                brokerConfig.groups(), store, facts.topics(), (delayMs, task) -> () -> {}, time, newIds);
        node = new Node(
                brokerConfig,
                named.clusterId(),
                named.nodeId(),
                store,
                facts.topics(),
                facts.producerIds(),
                groups.groups(),
                groups.log(),
                Codec.JDK,
                Authorizer.ALLOW_ALL,
                new Complaints(time),
                time);
        requests = new Requests(node);
    }

    /** The test gives the disk faults, so the store may fail. */
    public void mayFail() {
        mayFail = true;
    }

    public Store store() {
        return store;
    }

    /** A request as it comes from the network, well formed or not. */
    public Pending start(ByteBuffer frame) {
        return requests.start(frame, session);
    }

    /** A request that has been started, and perhaps answered. */
    public final class Sent {
        private final ApiKey api;
        private final short version;
        private final int correlationId;
        private final Pending pending;

        private Sent(ApiKey api, short version, int correlationId, Pending pending) {
            this.api = api;
            this.version = version;
            this.correlationId = correlationId;
            this.pending = pending;
        }

        public boolean ready() {
            return pending.ready();
        }

        /** The response, decoded; empty when none was wanted. */
        public Optional<Message> response() throws IOException {
            return switch (pending.take()) {
                case Outcome.Answer(var reply) -> {
                    var bytes = reply.toBuffer();
                    int length = bytes.getInt();
                    if (length != bytes.remaining()) {
                        throw new AssertionError(
                                api + " v" + version + " announces " + length + " bytes and has " + bytes.remaining());
                    }
                    yield Optional.of(ResponseFrame.parse(bytes, api, version, correlationId));
                }
                case Outcome.Silence silence -> Optional.empty();
                case Outcome.HangUp(String reason) -> throw new AssertionError(api + " v" + version + ": " + reason);
            };
        }

        /** Why the connection is closed; empty when it is not. */
        public Optional<String> hangUp() {
            return pending.take() instanceof Outcome.HangUp(String reason) ? Optional.of(reason) : Optional.empty();
        }
    }

    public Sent send(ApiKey api, int version, Message request) {
        int id = ++correlation;
        var header = new RequestHeader()
                .requestApiKey(api.id())
                .requestApiVersion((short) version)
                .correlationId(id)
                .clientId("life");
        var frame = Payload.join(RequestFrame.toParts(api, header, request));
        frame.getInt(); // the length, which the network has taken off
        return new Sent(api, (short) version, id, requests.start(frame.slice(), session));
    }

    /** Sends, lets the disk work, and gives the response. */
    public <M extends Message> M ask(ApiKey api, int version, Message request, Class<M> response) throws IOException {
        var sent = send(api, version, request);
        settle();
        if (!sent.ready()) {
            throw new AssertionError(api + " v" + version + " is not answered though the disk has done everything");
        }
        return response.cast(sent.response().orElseThrow());
    }

    /** One round of the thread that makes appends durable. */
    public void cycle() {
        if (store.committer().due()) {
            store.committer().cycle();
        }
        refuseSilentFailure();
    }

    /** One round of the thread that keeps the journal free. */
    public void checkpoint() {
        store.checkpointer().step();
        node.letGoOfDeletedTopics();
        refuseSilentFailure();
    }

    public void settle() {
        while (store.committer().due()) {
            store.committer().cycle();
        }
        refuseSilentFailure();
    }

    /** What a broker that stops does first. */
    public void stopGroups() {
        node.groups().stop();
    }

    public void close() throws IOException {
        store.close();
        refuseSilentFailure();
    }

    private void refuseSilentFailure() {
        if (!mayFail && store.failure().isPresent()) {
            throw new AssertionError(
                    "The store has failed on a disk without faults",
                    store.failure().get());
        }
    }
}
