package io.strandline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes clients with common settings, and closes them. Sockets are opened at the first use of each. */
final class ConnectedKafka implements Kafka {
    private static final Logger LOG = LoggerFactory.getLogger(Kafka.class);

    private static final String BROADCAST_PREFIX = "strandline-broadcast-";
    private static final Duration SPOOL_DELIVERY = Duration.ofSeconds(30);
    private static final Duration TRANSACTION_BLOCK_MAX = Duration.ofSeconds(15);
    private static final Duration SPOOL_BLOCK = Duration.ofSeconds(5);
    private static final Duration LOOKS_WHY_AFTER = Duration.ofSeconds(1);

    private final Settings settings;
    private final EventBus events;
    private final NewTopics newTopics;
    private final Discovery discovery;

    /** Guards what follows; held while a client is made, which does no I/O but what service discovery does. */
    private final ReentrantLock lock = new ReentrantLock();

    private final List<Consumer> consumers = new ArrayList<>();
    private final List<ProducerPool> pools = new ArrayList<>();
    private final List<Producer> own = new ArrayList<>();
    private @Nullable TypedProducer shared;
    private @Nullable BlockingAdmin admin;
    private @Nullable Thread shutdownHook;
    private int members;
    private int producers;
    private boolean watching;
    private boolean closed;

    ConnectedKafka(Settings settings) {
        this.settings = settings;
        events = new EventBus(settings.time());
        newTopics = new NewTopics(settings.time());
        discovery = new Discovery(settings.addresses(), this::movable, this::diagnosis, settings.time());
    }

    void closeOnShutdown() {
        var hook = new Thread(this::closeFromHook, "strandline-shutdown");
        lock.lock();
        try {
            shutdownHook = hook;
        } finally {
            lock.unlock();
        }
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void closeFromHook() {
        LOG.info("The process is asked to end: consumers drain, producers flush");
        close();
    }

    void opened() {
        settings.instruments().opened(this);
    }

    @Override
    public Producer producer() {
        return shared();
    }

    /** The shared one, unwatched: for bytes that came from a topic and go to another one as they are. */
    Producer forwarder() {
        return shared().unwatched();
    }

    private TypedProducer shared() {
        lock.lock();
        try {
            refuseIfClosed();
            if (shared == null) {
                var pool = pool(producerConfig());
                var kind = new ProducerPool.Kind(Acks.ALL, Compression.NONE);
                shared = new TypedProducer(pool, kind, LastResort.none(), events, settings, "producer", pool::flush);
            }
            return shared;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ProducerBuilder producerBuilder() {
        return new OwnProducerBuilder(this);
    }

    /** A producer with a pool of its own, which closes with the producer. */
    Producer producer(
            ProducerPool.Kind kind,
            Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> onFailure,
            Optional<Spool> spool,
            Map<String, Object> config,
            Map<String, Object> overrides) {
        lock.lock();
        try {
            refuseIfClosed();
            var all = producerConfig();
            all.putAll(config);
            var pool = pool(all, overrides);
            var spooling = spool.map(place -> spooling(place, spoolPool(pool, all, overrides), kind));
            var lastResort = new LastResort(onFailure, spooling);
            var name = "producer." + ++producers;
            var producer = new TypedProducer(pool, kind, lastResort, events, settings, name, () -> closePool(pool));
            own.add(producer);
            pool.onClose(lastResort::close);
            pool.onClose(() -> forget(producer));
            return producer;
        } finally {
            lock.unlock();
        }
    }

    /** A producer of transactions, with a pool of its own. */
    Producer transactional(
            String id,
            ProducerPool.Kind kind,
            Duration timeout,
            Map<String, Object> config,
            Map<String, Object> overrides) {
        lock.lock();
        try {
            refuseIfClosed();
            if (own.stream()
                    .anyMatch(one -> one instanceof TransactionalProducer other
                            && other.id().equals(id))) {
                throw new IllegalStateException("This Kafka has a producer with the transactional id " + id
                        + ", from which another one would take over. Share that one (its transactions have their turn one"
                        + " after the other), or close it first");
            }
            var pool = transactionalPool(id, timeout, config, overrides);
            var transactor = new Transactor(
                    id, pool, kind, Transactor.WhenFenced.GIVE_UP, events, settings.time(), () -> closePool(pool));
            var producer = new TransactionalProducer(transactor, settings.instruments(), timeout);
            own.add(producer);
            pool.onClose(() -> forget(producer));
            return producer;
        } finally {
            lock.unlock();
        }
    }

    /** For the partition of a consumer. */
    Transactor transactor(String id, Duration timeout) {
        var patience = new HashMap<>(RetrySettings.deliveryTimeout(timeout, Duration.ZERO));
        patience.put("max.block.ms", Math.min(timeout.toMillis(), TRANSACTION_BLOCK_MAX.toMillis()));
        lock.lock();
        try {
            refuseIfClosed();
            var pool = transactionalPool(id, timeout, patience, Map.of());
            return new Transactor(
                    id,
                    pool,
                    new ProducerPool.Kind(Acks.ALL, Compression.NONE),
                    Transactor.WhenFenced.BEGIN_ANEW,
                    events,
                    settings.time(),
                    () -> closePool(pool));
        } finally {
            lock.unlock();
        }
    }

    private ProducerPool transactionalPool(
            String id, Duration timeout, Map<String, Object> config, Map<String, Object> overrides) {
        var all = producerConfig();
        all.put("transaction.timeout.ms", RetrySettings.intMillis(timeout));
        all.putAll(config);
        all.put("transactional.id", id);
        all.put("client.id", settings.clientId() + "-" + id);
        return pool(all, overrides);
    }

    /** Of its own, so that messages of today do not wait for those of yesterday. */
    private ProducerPool spoolPool(ProducerPool of, Map<String, Object> config, Map<String, Object> overrides) {
        var patient = new HashMap<>(config);
        patient.putAll(RetrySettings.deliveryTimeout(SPOOL_DELIVERY, Duration.ZERO));
        patient.put("max.block.ms", SPOOL_BLOCK.toMillis());
        patient.put("client.id", settings.clientId() + "-spool");
        var pool = pool(patient, overrides);
        of.onClose(() -> closePool(pool));
        return pool;
    }

    private Spooling spooling(Spool spool, ProducerPool pool, ProducerPool.Kind kind) {
        try {
            var spooling = Spooling.open(SpoolDisk.real(), spool, pool, kind, events, settings.time());
            spooling.begin();
            return spooling;
        } catch (IOException e) {
            throw new UncheckedIOException("The spool " + spool.path() + " cannot be opened", e);
        }
    }

    private void forget(Producer producer) {
        lock.lock();
        try {
            own.remove(producer);
        } finally {
            lock.unlock();
        }
    }

    private Map<String, Object> producerConfig() {
        var config = new HashMap<>(settings.connection(settings.clientId()));
        config.putAll(ProducerPool.defaults());
        settings.retry().ifPresent(schedule -> config.putAll(RetrySettings.producer(schedule)));
        return config;
    }

    private ProducerPool pool(Map<String, Object> config) {
        return pool(config, Map.of());
    }

    private ProducerPool pool(Map<String, Object> config, Map<String, Object> overrides) {
        var all = new HashMap<>(settings.overrides());
        all.putAll(overrides);
        var pool = new ProducerPool(config, all, ProducerPool::connect);
        pools.add(pool);
        watch();
        return pool;
    }

    private void closePool(ProducerPool pool) {
        lock.lock();
        try {
            pools.remove(pool);
        } finally {
            lock.unlock();
        }
        pool.close();
    }

    @Override
    public Consumer.Builder consumer(String group) {
        return new ConsumerBuilder(this, group);
    }

    @Override
    public Consumer.Builder broadcast() {
        return new ConsumerBuilder(this, BROADCAST_PREFIX + UUID.randomUUID())
                .startAt(Position.latest())
                .commit(Commit.manual());
    }

    @Override
    public <K, V> Replay<K, V> replay(Topic<K, V> topic) {
        return new TopicReplay<>(this, topic);
    }

    @Override
    public DeadLetters deadLetters(String topic) {
        return new TopicDeadLetters(this, topic);
    }

    /** Reads by itself what it is told to; a member of no group, though it may store offsets of one. */
    org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> reader(Optional<String> group) {
        var config = settings.connection(memberClientId(group.orElse("reader")));
        group.ifPresent(name -> config.put("group.id", name));
        config.put("enable.auto.commit", false);
        config.put("auto.offset.reset", "none");
        config.put("isolation.level", "read_committed");
        config.put("allow.auto.create.topics", false);
        // It reads to an end that is known. What it asks for beyond, for another partition to wait behind, is answered
        // soon.
        config.put("fetch.max.wait.ms", 10);
        config.putAll(settings.overrides());
        return connectConsumer(config);
    }

    /** Empty if there is no such topic; one that was created here a moment ago is waited for, as {@link NewTopics} says. */
    List<PartitionInfo> partitions(org.apache.kafka.clients.consumer.Consumer<?, ?> reader, String topic) {
        return newTopics
                .find(topic, () -> Optional.of(reader.partitionsFor(topic)).filter(found -> !found.isEmpty()))
                .orElse(List.of());
    }

    static KafkaConsumer<byte[], byte[]> connectConsumer(Map<String, Object> config) {
        try {
            return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        } catch (KafkaException e) {
            throw Advice.notMade("A consumer", e);
        }
    }

    @Override
    public Admin admin() {
        return blockingAdmin();
    }

    BlockingAdmin blockingAdmin() {
        lock.lock();
        try {
            refuseIfClosed();
            if (admin == null) {
                var config = settings.connection(settings.clientId() + "-admin");
                config.putAll(settings.overrides());
                admin = new BlockingAdmin(
                        bootstrap -> connectAdmin(config, bootstrap),
                        String.valueOf(config.get("bootstrap.servers")),
                        newTopics);
                watch();
            }
            return admin;
        } finally {
            lock.unlock();
        }
    }

    private static org.apache.kafka.clients.admin.Admin connectAdmin(Map<String, Object> config, String bootstrap) {
        var all = new HashMap<>(config);
        all.put("bootstrap.servers", bootstrap);
        try {
            return org.apache.kafka.clients.admin.Admin.create(all);
        } catch (KafkaException e) {
            throw Advice.notMade("An admin", e);
        }
    }

    /** Under the lock: from the first client on that needs it. */
    private void watch() {
        if (!watching) {
            watching = true;
            Thread.ofVirtual().name("strandline-discovery").start(discovery);
        }
    }

    private Diagnosis diagnosis(String bootstrap) {
        return Diagnosis.by(probe(bootstrap), bootstrap);
    }

    private Probe probe(String bootstrap) {
        return new Probe(bootstrap, settings.securityProtocol());
    }

    /** What may have to look for other brokers. */
    private List<Discovery.Client> movable() {
        lock.lock();
        try {
            var all = new ArrayList<Discovery.Client>();
            Optional.ofNullable(admin).ifPresent(all::add); // first: who has sent by a new address may ask by it too
            all.addAll(pools);
            return all;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Kafka awaitReady(Duration atMost) {
        try {
            // Told to the admin as well: its close() waits for calls that are under way.
            var limit = new DescribeClusterOptions().timeoutMs(Math.toIntExact(atMost.toMillis()));
            var nodes = blockingAdmin().raw().describeCluster(limit).nodes();
            awaitAnswer(nodes, atMost);
            return this;
        } catch (ExecutionException e) {
            var why = Objects.requireNonNullElse(e.getCause(), e);
            throw notReady(Advice.of(why), why);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw notReady("interrupted while waiting", e);
        }
    }

    /** Where no answer comes at once, it is looked why: some reasons do not pass by waiting. */
    private void awaitAnswer(KafkaFuture<?> nodes, Duration atMost) throws InterruptedException, ExecutionException {
        long begun = settings.time().nanoTime();
        try {
            nodes.get(Math.min(atMost.toMillis(), LOOKS_WHY_AFTER.toMillis()), TimeUnit.MILLISECONDS);
            return;
        } catch (TimeoutException e) {
            LOG.debug("No broker has answered yet; looking why", e);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException)) {
                throw e;
            }
        }
        var left = atMost.minusNanos(settings.time().nanoTime() - begun);
        awaitAnswerOrReason(nodes, left.isNegative() ? Duration.ZERO : left, atMost);
    }

    private void awaitAnswerOrReason(KafkaFuture<?> nodes, Duration left, Duration atMost)
            throws InterruptedException, ExecutionException {
        var look = CompletableFuture.supplyAsync(probe(settings.bootstrap())::look, ConnectedKafka::diagnose);
        var answer = nodes.toCompletionStage()
                .toCompletableFuture()
                .exceptionallyCompose(why -> why instanceof org.apache.kafka.common.errors.TimeoutException
                        ? look.thenCompose(found -> CompletableFuture.failedFuture(why)) // not without its reason
                        : CompletableFuture.failedFuture(why));
        var hopeless =
                look.thenCompose(found -> found.filter(Probe.Finding::forGood).isPresent()
                        ? CompletableFuture.completedFuture(found)
                        : new CompletableFuture<>());
        try {
            CompletableFuture.anyOf(hopeless, answer).get(left.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw nobodyAnswered(atMost, look.getNow(Optional.empty()), e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException late) {
                throw nobodyAnswered(atMost, look.getNow(Optional.empty()), late);
            }
            throw e;
        }
        if (hopeless.isDone()) {
            throw notReady(hopeless.join().orElseThrow().text(), null);
        }
    }

    /** Not in the common pool, whose threads are few and may all be waiting, perhaps for this broker. */
    private static void diagnose(Runnable look) {
        Thread.ofVirtual().name("strandline-diagnosis").start(look);
    }

    private IllegalStateException nobodyAnswered(Duration atMost, Optional<Probe.Finding> found, Throwable cause) {
        return notReady(
                "no broker answered within " + atMost
                        + found.map(each -> ": " + each.text()).orElse(". Is it running, and is this its address?"),
                cause);
    }

    private IllegalStateException notReady(String why, @Nullable Throwable cause) {
        return new IllegalStateException("Kafka at " + settings.bootstrap() + " is not ready: " + why, cause);
    }

    @Override
    public Health health() {
        var checks = new ArrayList<Health.Check>();
        lock.lock();
        try {
            if (closed) {
                return Health.of(List.of(new Health.Check("kafka", Health.Status.DOWN, "closed")));
            }
            Optional.ofNullable(shared).ifPresent(p -> checks.addAll(p.health().checks()));
            own.forEach(p -> checks.addAll(p.health().checks()));
            consumers.forEach(consumer -> checks.addAll(consumer.health().checks()));
        } finally {
            lock.unlock();
        }
        return Health.of(checks);
    }

    @Override
    public List<Consumer> consumers() {
        lock.lock();
        try {
            return List.copyOf(consumers);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public EventBus events() {
        return events;
    }

    Settings settings() {
        return settings;
    }

    /** Unique among the consumers of this Kafka, so that brokers and metrics can tell them apart. */
    String memberClientId(String group) {
        lock.lock();
        try {
            refuseIfClosed();
            return settings.clientId() + "-" + group + "-" + members++;
        } finally {
            lock.unlock();
        }
    }

    /** Joins the group; the consumer closes with this, or before. */
    Consumer start(
            org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> consumer,
            ConsumerSettings consumerSettings,
            DeadLetterWriter deadLetters,
            RetryWriter retries,
            Optional<DeadLetter> keyOrder,
            Transactions transactions) {
        var started = new AtomicReference<@Nullable Consumer>();
        var member = new GroupMember(
                consumer,
                consumerSettings,
                self -> new MemberContext(
                        consumerSettings.group(),
                        FailurePolicy.of(
                                consumerSettings.retry(), consumerSettings.deadLetter(), consumerSettings.failure()),
                        deadLetters,
                        retries,
                        keyOrder.map(places -> new KafkaLetterLog(
                                this, consumerSettings.group(), places, self::assignment, self::stopping)),
                        transactions,
                        events,
                        settings.time(),
                        MemberContext.HandlerThreads.virtual(),
                        self::stopping,
                        self::crash),
                diagnosis(settings.bootstrap()),
                () -> {
                    transactions.close();
                    remove(started.get());
                    forgetIfBroadcast(consumerSettings.group());
                });
        started.set(member);
        lock.lock();
        try {
            refuseIfClosed();
            consumers.add(member);
        } finally {
            lock.unlock();
        }
        member.begin();
        if (consumerSettings.deadLetter().isPresent()) {
            Thread.ofVirtual().name("strandline-letter-keeper").start(new LetterKeeper(this, consumerSettings, member));
        }
        return member;
    }

    /** Nobody will ever come back to it. Does not wait: brokers forget it in the end as well. */
    private void forgetIfBroadcast(String group) {
        if (group.startsWith(BROADCAST_PREFIX)) {
            try {
                blockingAdmin().raw().deleteConsumerGroups(List.of(group));
            } catch (IllegalStateException e) {
                LOG.debug("{} stays until the broker forgets it: this Kafka is closing", group, e);
            }
        }
    }

    private void remove(@Nullable Consumer consumer) {
        lock.lock();
        try {
            consumers.remove(consumer);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        var open = markClosed();
        if (open.isEmpty()) {
            return;
        }
        discovery.close();
        closeAll(open.get().consumers);
        closeAll(open.get().pools);
        if (open.get().admin != null) {
            open.get().admin.raw().close();
        }
        events.close();
        settings.instruments().closed();
    }

    private record Open(
            List<Consumer> consumers,
            List<ProducerPool> pools,
            @Nullable BlockingAdmin admin) {}

    /** What is left to close; empty for all but the first caller. */
    private Optional<Open> markClosed() {
        lock.lock();
        try {
            if (closed) {
                return Optional.empty();
            }
            closed = true;
            if (shutdownHook != null && Thread.currentThread() != shutdownHook) {
                forget(shutdownHook);
            }
            return Optional.of(new Open(List.copyOf(consumers), List.copyOf(pools), admin));
        } finally {
            lock.unlock();
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already: the hook will find this closed and do nothing.
        }
    }

    /** Side by side, so that ten consumers drain in the time of one. */
    private static void closeAll(List<? extends AutoCloseable> all) {
        var threads = new ArrayList<Thread>();
        for (var one : all) {
            threads.add(Thread.ofPlatform().name("strandline-close").start(() -> {
                try {
                    one.close();
                } catch (Exception e) {
                    LOG.warn("{} did not close in order", one, e);
                }
            }));
        }
        for (var thread : threads) {
            joinUninterruptibly(thread);
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // each close is bounded, so this ends
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseIfClosed() {
        if (closed) {
            throw new IllegalStateException("This Kafka is closed");
        }
    }
}
