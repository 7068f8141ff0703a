package io.strandline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Collects and checks; {@link GroupMember} runs. */
final class ConsumerBuilder implements Consumer.Builder {
    private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);
    private static final Duration BROKER_WAIT = Duration.ofSeconds(5);

    /**
     * With fewer small messages, handlers that take no time are through before the poll thread comes round again; more
     * take more room by their objects than the bytes that {@link Consumer.Builder#maxInFlightBytes} counts.
     */
    private static final int IN_MEMORY = 50_000;

    private static final Map<String, Object> DEFAULTS = Map.ofEntries(
            Map.entry("enable.auto.commit", false),
            // A lost or absent offset is an event and a decision of ours, never a silent jump.
            Map.entry("auto.offset.reset", "none"),
            Map.entry("isolation.level", "read_committed"),
            // A typo makes no topic. One that is created later is seen after this long.
            Map.entry("allow.auto.create.topics", false),
            Map.entry("metadata.max.age.ms", 5_000),
            // Only what moves is taken away in a rebalance; the rest goes on.
            Map.entry("partition.assignment.strategy", CooperativeStickyAssignor.class.getName()),
            Map.entry("session.timeout.ms", 30_000),
            Map.entry("heartbeat.interval.ms", 3_000),
            // The poll thread waits for a handler in a revocation alone (revokeWait), so one that is away for so long
            // is gone.
            Map.entry("max.poll.interval.ms", 60_000),
            // A question to a broker that is dead keeps the poll thread no longer; it is asked again, or stops.
            Map.entry("default.api.timeout.ms", 5_000),
            Map.entry("fetch.max.bytes", 10 * 1024 * 1024));

    private final ConnectedKafka kafka;
    private final String group;
    private final Map<String, ConsumerSettings.Subscription<?, ?>> subscriptions = new LinkedHashMap<>();
    private Optional<Retry> retry = Optional.empty();
    private Optional<DeadLetter> deadLetter = Optional.empty();
    private Optional<Failure> failure = Optional.empty();
    private Optional<Deduplication> deduplication = Optional.empty();
    private Concurrency concurrency = Concurrency.perPartition();
    private Commit commit = Commit.every(Duration.ofSeconds(1));
    private Position startAt = Position.earliest();
    private Optional<Position> alwaysStartAt = Optional.empty();
    private final List<ConsumerSettings.Matching<?, ?>> patterns = new ArrayList<>();
    private Optional<Integer> maxInFlight = Optional.empty();
    private long maxInFlightBytes = 16L * 1024 * 1024;
    private Duration revokeWait = Duration.ofSeconds(10);
    private Duration drain = Duration.ofSeconds(20);
    private Duration stuckAfter = Duration.ofMinutes(1);
    private GroupProtocol protocol = GroupProtocol.CLASSIC;
    private Transactions.Limits transactionLimits = new Transactions.Limits(500, Duration.ofMillis(100));
    private Duration transactionTimeout = Duration.ofSeconds(30);
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
        return subscribe(topic, new ConsumerSettings.Work.EachMessage<>(handler));
    }

    @Override
    public <K, V> Consumer.Builder eachMessageMatching(
            Pattern topics, Serde<K> key, Serde<V> value, Handler<K, V> handler) {
        patterns.add(
                new ConsumerSettings.Matching<>(topics, key, value, new ConsumerSettings.Work.EachMessage<>(handler)));
        return this;
    }

    @Override
    public <K, V> Consumer.Builder eachBatch(Topic<K, V> topic, Handler.OfBatch<K, V> handler) {
        return subscribe(topic, new ConsumerSettings.Work.EachBatch<>(handler));
    }

    @Override
    public <K, V> Consumer.Builder eachTransaction(
            Topic<K, V> topic, String transactionalId, Handler.InTransaction<K, V> handler) {
        if (transactionalId.isBlank()) {
            throw new IllegalArgumentException("A transactional id is a name, not blank");
        }
        return subscribe(topic, new ConsumerSettings.Work.EachTransaction<>(handler, transactionalId));
    }

    @Override
    public Consumer.Builder maxTransaction(int messages, Duration time) {
        if (messages < 1 || time.isNegative()) {
            throw new IllegalArgumentException(
                    "A transaction has 1 message or more and takes 0 s or more, not " + messages + " and " + time);
        }
        transactionLimits = new Transactions.Limits(messages, time);
        return this;
    }

    @Override
    public Consumer.Builder transactionTimeout(Duration d) {
        if (d.toMillis() < 1) {
            throw new IllegalArgumentException("transactionTimeout is 1 ms or more, not " + d);
        }
        transactionTimeout = d;
        return this;
    }

    private <K, V> Consumer.Builder subscribe(Topic<K, V> topic, ConsumerSettings.Work<K, V> work) {
        var before = subscriptions.put(topic.name(), new ConsumerSettings.Subscription<>(topic, work));
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
    public Consumer.Builder onFailure(Failure policy) {
        failure = Optional.of(policy);
        return this;
    }

    @Override
    public Consumer.Builder deduplicate(Deduplication store) {
        deduplication = Optional.of(store);
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
    public Consumer.Builder alwaysStartAt(Position position) {
        alwaysStartAt = Optional.of(position);
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
        maxInFlight = Optional.of(messages);
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
    public Consumer.Builder groupProtocol(GroupProtocol protocol) {
        this.protocol = protocol;
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
        revokeWait = notNegative("revokeWait", atMost);
        return this;
    }

    private static Duration notNegative(String name, Duration d) {
        if (d.isNegative()) {
            throw new IllegalArgumentException(name + " is 0 or more, not " + d);
        }
        return d;
    }

    @Override
    public Consumer.Builder drain(Duration atMost) {
        drain = notNegative("drain", atMost);
        return this;
    }

    @Override
    public Consumer.Builder stuckAfter(Duration time) {
        stuckAfter = notNegative("stuckAfter", time);
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
        var config = kafkaConfig();
        refuseContradictions(config);
        choose(config);
        var settings = settings();
        var deadLetters = deadLetterTopics();
        var retries = retryTopics();
        if ((deadLetters.isPresent() && failure.isEmpty()) || retries.isPresent()) {
            ensure(deadLetters.filter(topics -> failure.isEmpty()), retries);
        }
        tryTransactions();
        var consumer = ConnectedKafka.connectConsumer(config);
        return kafka.start(
                consumer,
                settings,
                deadLetters.<DeadLetterWriter>map(d -> d).orElse(ConsumerBuilder::noDeadLetters),
                retries.<RetryWriter>map(r -> r).orElse(RetryWriter.none()),
                deadLetter.filter(DeadLetter::keepsKeyOrder),
                transactions(deadLetters));
    }

    private Transactions transactions(Optional<DeadLetterTopics> deadLetters) {
        return transactionalIds().isEmpty()
                ? Transactions.NONE
                : new Transactions(
                        transactionLimits,
                        id -> kafka.transactor(id, transactionTimeout),
                        deadLetters
                                .<Transactions.Letters>map(topics -> topics::letter)
                                .orElse(ConsumerBuilder::noDeadLetters),
                        kafka.settings().instruments());
    }

    private static Outgoing<byte[], byte[]> noDeadLetters(Task task, Task.Letter letter, Time time) {
        throw new IllegalStateException("A dead letter for " + letter.topic() + " without a policy that says so");
    }

    private Map<String, String> transactionalIds() {
        var ids = new LinkedHashMap<String, String>();
        subscriptions.forEach((topic, subscription) -> {
            if (subscription.work() instanceof ConsumerSettings.Work.EachTransaction<?, ?> work) {
                ids.put(topic, work.transactionalId());
            }
        });
        return ids;
    }

    /** A broker that does none says so now; one that does not answer is asked again with the first partition. */
    private void tryTransactions() {
        for (var id : Set.copyOf(transactionalIds().values())) {
            try {
                kafka.awaitReady(BROKER_WAIT);
            } catch (IllegalStateException e) {
                LOG.warn("Group {}: {}; starting all the same", group, e.getMessage());
                return;
            }
            try (var once = kafka.transactor(id + "-" + group + "-start", transactionTimeout)) {
                once.open();
            } catch (TransactionFailed e) {
                LOG.warn("Group {}: {}; starting all the same", group, e.getMessage());
            }
        }
    }

    /** Last of the checks, for it may ask the broker. */
    private void choose(Map<String, Object> kafkaConfig) {
        var set = new HashMap<>(config);
        set.putAll(kafka.settings().overrides());
        set.putAll(overrides);
        var choice = ProtocolChoice.of(group, protocol, set, kafka.settings().bootstrap(), this::offer);
        if (choice.consumer()) {
            ProtocolChoice.CLASSIC_ONLY.forEach(kafkaConfig::remove); // our defaults
        }
        kafkaConfig.put(ProtocolChoice.SETTING, choice.kafkaName());
        if (protocol != GroupProtocol.CLASSIC) {
            LOG.info("Group {} speaks the {} protocol: {}", group, choice.kafkaName(), choice.why());
        }
    }

    private ProtocolChoice.Offer offer() {
        return kafka.blockingAdmin().offersConsumerProtocol(BROKER_WAIT);
    }

    private static Ack noDeadLetters(
            ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean withoutStackTrace) {
        throw new IllegalStateException("A dead letter for " + topic + " without a policy that says so");
    }

    private Optional<RetryTopics> retryTopics() {
        return retry.filter(schedule -> schedule.place() instanceof Retry.Place.InTopics)
                .map(schedule -> new RetryTopics(group, schedule, kafka.blockingAdmin(), kafka.forwarder()));
    }

    private Optional<DeadLetterTopics> deadLetterTopics() {
        // What onFailure(..) parks goes where that says; only how a letter is written comes from here.
        var written = failure.isPresent() ? Optional.of(DeadLetter.suffix(".dlq")) : deadLetter;
        return written.map(places -> new DeadLetterTopics(group, places, kafka.blockingAdmin(), kafka.forwarder()));
    }

    private ConsumerSettings settings() {
        return new ConsumerSettings(
                group,
                ConsumerSettings.withRetries(watched(), schedule()),
                patterns.stream()
                        .<ConsumerSettings.Matching<?, ?>>map(this::watched)
                        .toList(),
                schedule(),
                deadLetter,
                failure,
                concurrency,
                commit,
                startAt,
                alwaysStartAt,
                messagesInMemory(),
                maxInFlightBytes,
                revokeWait,
                drain,
                stuckAfter);
    }

    private Retry schedule() {
        return retry.orElse(
                deadLetter.isPresent() ? Retry.standard() : Retry.standard().forever());
    }

    private Map<String, ConsumerSettings.Subscription<?, ?>> watched() {
        var watched = new HashMap<>(subscriptions);
        watched.replaceAll((topic, subscription) -> watched(subscription));
        return Map.copyOf(watched);
    }

    private <K, V> ConsumerSettings.Subscription<K, V> watched(ConsumerSettings.Subscription<K, V> subscription) {
        return new ConsumerSettings.Subscription<>(subscription.topic(), watched(subscription.work()));
    }

    private <K, V> ConsumerSettings.Matching<K, V> watched(ConsumerSettings.Matching<K, V> matching) {
        return new ConsumerSettings.Matching<>(
                matching.topics(), matching.key(), matching.value(), watched(matching.work()));
    }

    private <K, V> ConsumerSettings.Work<K, V> watched(ConsumerSettings.Work<K, V> work) {
        var instruments = kafka.settings().instruments();
        return switch (work) {
            case ConsumerSettings.Work.EachMessage<K, V>(Handler<K, V> handler) ->
                new ConsumerSettings.Work.EachMessage<>(once(instruments.around(group, handler)));
            case ConsumerSettings.Work.EachBatch<K, V>(Handler.OfBatch<K, V> handler) ->
                new ConsumerSettings.Work.EachBatch<>(instruments.around(group, handler));
            case ConsumerSettings.Work.EachTransaction<K, V>(Handler.InTransaction<K, V> handler, String id) ->
                new ConsumerSettings.Work.EachTransaction<>(instruments.aroundTransaction(group, handler), id);
        };
    }

    /** Outside of the instruments: a call that does not take place is not seen as one. */
    private <K, V> Handler<K, V> once(Handler<K, V> handler) {
        return deduplication
                .<Handler<K, V>>map(store -> new OnceHandler<>(store, handler))
                .orElse(handler);
    }

    /** With fewer than that, handlers that could run would wait for a fetch. */
    private int messagesInMemory() {
        return maxInFlight.orElseGet(() -> concurrency instanceof Concurrency.PerPartition
                ? IN_MEMORY
                : Math.clamp(4L * concurrency.limit(), IN_MEMORY, Integer.MAX_VALUE));
    }

    private void refuseContradictions(Map<String, Object> config) {
        if (subscriptions.isEmpty() && patterns.isEmpty()) {
            throw new IllegalStateException("The consumer of group " + group
                    + " has no handler: say eachMessage(topic, handler) or eachBatch(topic, handler) before start()");
        }
        if (deadLetter.isEmpty() && retry.map(Retry::ends).orElse(false)) {
            throw new IllegalStateException("The consumer of group " + group + " gives messages up (" + retry.get()
                    + ") and has no place for them. Say deadLetter(DeadLetter.suffix(\".dlq\")) to keep them,"
                    + " deadLetter(DeadLetter.discard()) to throw them away, or retry(Retry...forever()).");
        }
        if (failure.isPresent() && (retry.isPresent() || deadLetter.isPresent())) {
            throw new IllegalStateException("onFailure(..) decides about every failure of group " + group
                    + "; leave out retry(..) and deadLetter(..), which it would pass over");
        }
        if (!patterns.isEmpty() && retryTopics().isPresent()) {
            throw new IllegalStateException(
                    "eachMessageMatching(" + patterns + ") does not go with inTopics(): which"
                            + " retry topics there are must be known at start. Name the topics, or let messages wait in memory");
        }
        if (retry.filter(schedule -> schedule.place() instanceof Retry.Place.InTopics)
                .filter(schedule -> schedule.delays().size() > RetryTopics.TOPICS_MAX)
                .isPresent()) {
            throw new IllegalStateException(retry.get() + " asks for "
                    + retry.get().delays().size() + " retry topics for each topic, one per delay; "
                    + RetryTopics.TOPICS_MAX + " are the limit. Use fewer steps, or leave out inTopics()");
        }
        if (deadLetter.map(DeadLetter::keepsKeyOrder).orElse(false)) {
            refuseWhatGivesUpKeyOrder();
        }
        for (var topic : subscriptions.keySet()) {
            if (deadLetter.map(d -> d.topics(topic).contains(topic)).orElse(false)) {
                throw new IllegalStateException("The dead letters of " + topic + " would go to " + topic
                        + " itself and come again for ever; name another topic");
            }
        }
        refuseOurs(overrides);
        for (var subscription : subscriptions.values()) {
            if (subscription.work() instanceof ConsumerSettings.Work.EachBatch && deduplication.isPresent()) {
                throw new IllegalStateException("deduplicate(..) does not go with eachBatch(" + subscription.topic()
                        + "): which messages of a batch are done only its handler knows. Use eachMessage, or ask the store"
                        + " in the handler");
            }
            if (subscription.work() instanceof ConsumerSettings.Work.EachBatch
                    && !(concurrency instanceof Concurrency.PerPartition)) {
                throw new IllegalStateException("eachBatch(" + subscription.topic() + ") has one batch at once for each"
                        + " partition, and " + concurrency + " asks for more. Use eachMessage with it, or leave"
                        + " concurrency(..) out");
            }
        }
        refuseBesideTransactions(config);
        if (!(concurrency instanceof Concurrency.PerPartition) && concurrency.limit() > messagesInMemory()) {
            throw new IllegalStateException("maxInFlight (" + messagesInMemory() + " messages in memory) is below the "
                    + concurrency.limit() + " handlers that " + concurrency + " asks for; they would never all run");
        }
        refuseUnlessBelow(config, "heartbeat.interval.ms", "session.timeout.ms");
        if (revokeWait.toMillis() >= number(config, "max.poll.interval.ms").orElse(Long.MAX_VALUE)) {
            throw new IllegalStateException("revokeWait (" + revokeWait + ") must be below max.poll.interval.ms ("
                    + config.get("max.poll.interval.ms") + " ms): the group gives up a member that takes longer");
        }
    }

    /** With these kafka-clients would commit what is not finished, jump, or join another group. */
    static void refuseOurs(Map<String, Object> overrides) {
        for (var ours : List.of("enable.auto.commit", "auto.offset.reset", "group.id")) {
            if (overrides.containsKey(ours)) {
                throw new IllegalStateException(
                        ours + "=" + overrides.get(ours) + ": it is decided by commit(..), startAt(..) and"
                                + " consumer(group), and cannot be set beside them. Leave it out of set(..)");
            }
        }
    }

    private void refuseWhatGivesUpKeyOrder() {
        if (deadLetter.orElseThrow().topics("orders").isEmpty()) {
            throw new IllegalStateException("inKeyOrder() keeps messages behind a dead letter, and the dead letters of"
                    + " group " + group + " are thrown away: name a topic for them, or leave out inKeyOrder()");
        }
        if (retry.map(Retry::place).orElse(new Retry.Place.InPlace()) instanceof Retry.Place.InTopics) {
            throw new IllegalStateException("Retry.inTopics() lets later messages overtake one that failed, and"
                    + " inKeyOrder() forbids it; leave out one of them in group " + group);
        }
        if (concurrency instanceof Concurrency.Unordered) {
            throw new IllegalStateException(concurrency + " gives up the order of keys, which inKeyOrder() keeps; use"
                    + " Concurrency.perKey(" + concurrency.limit() + "), or leave out inKeyOrder() in group " + group);
        }
        for (var subscription : subscriptions.values()) {
            if (!(subscription.work() instanceof ConsumerSettings.Work.EachMessage)) {
                throw new IllegalStateException(
                        "inKeyOrder() decides about each message whether it may be handled, so it"
                                + " goes with eachMessage alone, not with what reads "
                                + subscription.topic().name()
                                + " in group " + group);
            }
        }
    }

    private void refuseBesideTransactions(Map<String, Object> config) {
        for (var topic : transactionalIds().keySet()) {
            if (!(concurrency instanceof Concurrency.PerPartition)) {
                throw besideTransactions(
                        topic,
                        concurrency + " has messages of a partition handled at once, and a transaction takes them"
                                + " one after the other");
            }
            if (retryTopics().isPresent()) {
                throw besideTransactions(
                        topic, "with inTopics() others would overtake a message that failed. Let it wait in its place");
            }
            if (commit instanceof Commit.Manual) {
                throw besideTransactions(
                        topic,
                        "the progress is stored with each transaction, and " + commit + " wants to do that itself");
            }
            if (alwaysStartAt.isPresent()) {
                throw besideTransactions(
                        topic, "alwaysStartAt(..) has everything handled again at each start. Use startAt(..)");
            }
            if (!"read_committed".equals(config.get("isolation.level"))) {
                throw besideTransactions(
                        topic, "what is read uncommitted may be taken back. Leave out readUncommitted()");
            }
            if (deduplication.isPresent()) {
                throw besideTransactions(
                        topic,
                        "deduplicate(..) remembers what is done whether the transaction commits or not; and with"
                                + " transactions nothing is to be remembered");
            }
        }
    }

    private static IllegalStateException besideTransactions(String topic, String why) {
        return new IllegalStateException("This does not go with eachTransaction(" + topic + "): " + why);
    }

    private void refuseUnlessBelow(Map<String, Object> config, String lower, String higher) {
        var low = number(config, lower);
        var high = number(config, higher);
        if (low.isPresent() && high.isPresent() && low.get() >= high.get()) {
            throw new IllegalStateException(
                    lower + " (" + low.get() + " ms) must be below " + higher + " (" + high.get() + " ms)");
        }
    }

    private static Optional<Long> number(Map<String, Object> config, String name) {
        return Optional.ofNullable(config.get(name)).map(value -> Long.parseLong(value.toString()));
    }

    private Map<String, Object> kafkaConfig() {
        var all = new HashMap<>(DEFAULTS);
        all.putAll(kafka.settings().connection(kafka.memberClientId(group)));
        all.put("group.id", group);
        all.put("max.poll.records", Math.min(500, messagesInMemory()));
        all.putAll(config);
        all.putAll(kafka.settings().overrides());
        all.putAll(overrides);
        return all;
    }

    /** A broker that does not answer keeps nobody from starting: the topics are then made before the first letter. */
    private void ensure(Optional<DeadLetterTopics> deadLetters, Optional<RetryTopics> retries) {
        try {
            kafka.awaitReady(BROKER_WAIT);
        } catch (IllegalStateException e) {
            LOG.warn("Group {}: {}; starting all the same", group, e.getMessage());
            return;
        }
        try {
            for (var topic : subscriptions.keySet()) {
                deadLetters.ifPresent(topics -> topics.ensureAll(topic));
                retries.ifPresent(topics -> topics.ensureAll(topic));
            }
        } catch (RetriableException | InvalidReplicationFactorException e) {
            // The last one: not all nodes of the cluster are there just now.
            LOG.warn("Group {}: topics for what fails are made when they are needed", group, e);
        }
    }
}
