package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Collects and checks; {@link GroupMember} runs. */
final class ConsumerBuilder implements Consumer.Builder {
    private static final Duration MAX_POLL_INTERVAL = Duration.ofMinutes(1);

    private final ConnectedKafka kafka;
    private final String group;
    private final Map<String, ConsumerSettings.Subscription<?, ?>> subscriptions = new LinkedHashMap<>();
    private Optional<Retry> retry = Optional.empty();
    private Optional<DeadLetter> deadLetter = Optional.empty();
    private Concurrency concurrency = Concurrency.perPartition();
    private Commit commit = Commit.every(Duration.ofSeconds(1));
    private Position startAt = Position.earliest();
    private int maxInFlight = 10_000;
    private long maxInFlightBytes = 16L * 1024 * 1024;
    private Duration revokeWait = Duration.ofSeconds(10);
    private Duration drain = Duration.ofSeconds(20);
    private Duration stuckAfter = Duration.ofMinutes(1);
    private final Map<String, Object> config = new HashMap<>();
    private final Map<String, Object> overrides = new HashMap<>();

    ConsumerBuilder(ConnectedKafka kafka, String group) {
        if (group.isBlank()) {
            throw new IllegalArgumentException("A consumer needs the name of its group");
        }
        this.kafka = kafka;
        this.group = group;
    }

    @Override
    public <K, V> Consumer.Builder eachMessage(Topic<K, V> topic, Handler.Simple<K, V> handler) {
        return eachMessage(topic, (message, context) -> handler.handle(message));
    }

    @Override
    public <K, V> Consumer.Builder eachMessage(Topic<K, V> topic, Handler<K, V> handler) {
        var before = subscriptions.put(topic.name(), new ConsumerSettings.Subscription<>(topic, handler));
        if (before != null) {
            throw new IllegalArgumentException("Topic " + topic.name()
                    + " has a handler in this consumer already. Let one handler call the other, or use another group.");
        }
        return this;
    }

    @Override
    public Consumer.Builder retry(Retry retry) {
        this.retry = Optional.of(retry);
        return this;
    }

    @Override
    public Consumer.Builder deadLetter(DeadLetter deadLetter) {
        this.deadLetter = Optional.of(deadLetter);
        return this;
    }

    @Override
    public Consumer.Builder concurrency(Concurrency concurrency) {
        this.concurrency = concurrency;
        return this;
    }

    @Override
    public Consumer.Builder commit(Commit commit) {
        this.commit = commit;
        return this;
    }

    @Override
    public Consumer.Builder startAt(Position position) {
        startAt = position;
        return this;
    }

    @Override
    public Consumer.Builder readUncommitted() {
        config.put("isolation.level", "read_uncommitted");
        return this;
    }

    @Override
    public Consumer.Builder maxInFlight(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("maxInFlight is 1 or more, not " + messages);
        }
        maxInFlight = messages;
        return this;
    }

    @Override
    public Consumer.Builder maxInFlightBytes(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("maxInFlightBytes is 1 or more, not " + bytes);
        }
        maxInFlightBytes = bytes;
        return this;
    }

    @Override
    public Consumer.Builder sessionTimeout(Duration d) {
        config.put("session.timeout.ms", RetrySettings.intMillis(d));
        return this;
    }

    @Override
    public Consumer.Builder heartbeat(Duration d) {
        config.put("heartbeat.interval.ms", RetrySettings.intMillis(d));
        return this;
    }

    @Override
    public Consumer.Builder fetch(int minBytes, int maxBytesPerPartition, Duration maxWait) {
        config.put("fetch.min.bytes", minBytes);
        config.put("max.partition.fetch.bytes", maxBytesPerPartition);
        config.put("fetch.max.wait.ms", RetrySettings.intMillis(maxWait));
        return this;
    }

    @Override
    public Consumer.Builder revokeWait(Duration atMost) {
        revokeWait = atMost;
        return this;
    }

    @Override
    public Consumer.Builder drain(Duration atMost) {
        drain = atMost;
        return this;
    }

    @Override
    public Consumer.Builder stuckAfter(Duration time) {
        stuckAfter = time;
        return this;
    }

    @Override
    public Consumer.Builder instanceId(String id) {
        config.put("group.instance.id", id);
        return this;
    }

    @Override
    public Consumer.Builder rackId(String rack) {
        config.put("client.rack", rack);
        return this;
    }

    @Override
    public Consumer.Builder set(String kafkaConfig, Object value) {
        overrides.put(kafkaConfig, value);
        return this;
    }

    @Override
    public Consumer start() {
        throw new UnsupportedOperationException("lands next: " + kafka + MAX_POLL_INTERVAL + group + retry + deadLetter
                + concurrency + commit + startAt + maxInFlight + maxInFlightBytes + revokeWait + drain + stuckAfter);
    }
}
