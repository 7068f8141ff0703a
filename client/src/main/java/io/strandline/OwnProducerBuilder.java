package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

final class OwnProducerBuilder implements Kafka.ProducerBuilder {
    /** As kafka-clients has it. */
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(1);

    private final ConnectedKafka kafka;
    private Acks acks = Acks.ALL;
    private Compression compression = Compression.NONE;
    private Duration linger = Duration.ZERO;
    private Optional<Duration> deliveryTimeout = Optional.empty();
    private Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> onFailure = Optional.empty();
    private Optional<Spool> spool = Optional.empty();
    private Optional<String> transactionalId = Optional.empty();
    private Optional<Duration> transactionTimeout = Optional.empty();
    private final Map<String, Object> config = new HashMap<>();
    private final Map<String, Object> overrides = new HashMap<>();

    OwnProducerBuilder(ConnectedKafka kafka) {
        this.kafka = kafka;
    }

    private void refuseWithTransactions(String id) {
        if (acks != Acks.ALL) {
            throw new IllegalStateException("acks(" + acks + ") cannot go with transactionalId(" + id
                    + "): what a transaction makes visible must not be lost. Leave acks(..) out");
        }
        if (spool.isPresent() || onFailure.isPresent()) {
            throw new IllegalStateException("onFailure(..) cannot go with transactionalId(" + id
                    + "): a transaction fails as a whole, so no message of it is kept or sent again alone. Leave it"
                    + " out, and catch TransactionFailed");
        }
        Map.of("acks", "all", "enable.idempotence", "true").forEach((name, needed) -> {
            var set = Optional.ofNullable(overrides.getOrDefault(
                            name, kafka.settings().overrides().get(name)))
                    .map(String::valueOf);
            if (set.isPresent()
                    && !set.get().equals(needed)
                    && !(name.equals("acks") && set.get().equals("-1"))) {
                throw new IllegalStateException(
                        name + "=" + set.get() + " cannot go with transactionalId(" + id + "), which needs " + needed);
            }
        });
    }

    @Override
    public Kafka.ProducerBuilder acks(Acks acks) {
        this.acks = acks;
        return this;
    }

    @Override
    public Kafka.ProducerBuilder compression(Compression c) {
        compression = c;
        return this;
    }

    @Override
    public Kafka.ProducerBuilder linger(Duration d) {
        if (d.isNegative()) {
            throw new IllegalArgumentException("linger is 0 or more, not " + d);
        }
        linger = d;
        config.put("linger.ms", d.toMillis());
        return this;
    }

    @Override
    public Kafka.ProducerBuilder deliveryTimeout(Duration d) {
        if (d.toMillis() < 1) {
            throw new IllegalArgumentException("deliveryTimeout is 1 ms or more, not " + d);
        }
        deliveryTimeout = Optional.of(d);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder maxInFlight(int requests) {
        if (requests < 1 || requests > 5) {
            throw new IllegalArgumentException("An idempotent producer has 1 to 5 requests in flight, not " + requests
                    + "; set(\"max.in.flight.requests.per.connection\", n) is the way around this");
        }
        config.put("max.in.flight.requests.per.connection", requests);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder retry(Retry retry) {
        config.putAll(RetrySettings.producer(retry));
        return this;
    }

    @Override
    public Kafka.ProducerBuilder onFailure(BiConsumer<? super Outgoing<?, ?>, ? super SendFailed> last) {
        onFailure = Optional.of(last);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder onFailure(Spool spool) {
        this.spool = Optional.of(spool);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder transactionalId(String id) {
        if (id.isBlank()) {
            throw new IllegalArgumentException("A transactional id is a name, not blank");
        }
        transactionalId = Optional.of(id);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder transactionTimeout(Duration d) {
        if (d.toMillis() < 1) {
            throw new IllegalArgumentException("transactionTimeout is 1 ms or more, not " + d);
        }
        transactionTimeout = Optional.of(d);
        return this;
    }

    @Override
    public Kafka.ProducerBuilder set(String kafkaConfig, Object value) {
        overrides.put(kafkaConfig, value);
        return this;
    }

    @Override
    public Producer build() {
        if (overrides.containsKey("transactional.id")) {
            throw new IllegalStateException(
                    "transactional.id is said by transactionalId(..); it cannot be set beside that");
        }
        deliveryTimeout.ifPresent(total -> config.putAll(RetrySettings.deliveryTimeout(total, linger)));
        if (transactionalId.isPresent()) {
            refuseWithTransactions(transactionalId.get());
            return kafka.transactional(
                    transactionalId.get(),
                    new ProducerPool.Kind(acks, compression),
                    transactionTimeout.orElse(TRANSACTION_TIMEOUT),
                    config,
                    overrides);
        }
        if (transactionTimeout.isPresent()) {
            throw new IllegalStateException("transactionTimeout(" + transactionTimeout.get()
                    + ") is of no use to a producer without a transactionalId(..)");
        }
        return kafka.producer(new ProducerPool.Kind(acks, compression), onFailure, spool, config, overrides);
    }
}
