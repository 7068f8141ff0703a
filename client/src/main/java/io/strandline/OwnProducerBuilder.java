package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

final class OwnProducerBuilder implements Kafka.ProducerBuilder {
    private final ConnectedKafka kafka;
    private Acks acks = Acks.ALL;
    private Compression compression = Compression.NONE;
    private Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> onFailure = Optional.empty();
    private Optional<Spool> spool = Optional.empty();
    private final Map<String, Object> config = new HashMap<>();
    private final Map<String, Object> overrides = new HashMap<>();

    OwnProducerBuilder(ConnectedKafka kafka) {
        this.kafka = kafka;
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
        config.put("linger.ms", d.toMillis());
        return this;
    }

    @Override
    public Kafka.ProducerBuilder deliveryTimeout(Duration d) {
        config.putAll(RetrySettings.deliveryTimeout(d));
        return this;
    }

    @Override
    public Kafka.ProducerBuilder maxInFlight(int requests) {
        if (requests < 1 || requests > 5) {
            throw new IllegalArgumentException("1 to 5 requests in flight keep order and idempotence, not " + requests
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
    public Kafka.ProducerBuilder set(String kafkaConfig, Object value) {
        overrides.put(kafkaConfig, value);
        return this;
    }

    @Override
    public Producer build() {
        return kafka.producer(new ProducerPool.Kind(acks, compression), onFailure, spool, config, overrides);
    }
}
