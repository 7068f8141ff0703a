package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Commit;
import io.strandline.Concurrency;
import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.GroupProtocol;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Producer;
import io.strandline.Reason;
import io.strandline.Retry;
import io.strandline.SendFailed;
import io.strandline.Topic;
import io.strandline.TransactionFailed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What people do first with the client, from hello world to replay, each with the outcome that it must have: on one node
 * and on several, with either group protocol, also when a node dies in the middle of it. Where one does, a message may be
 * handled again; it is never lost, and never overtaken by another one of its key.
 */
final class Scenarios {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Longer than a scenario waits for the others in its middle. */
    private static final Duration OPEN_MAX = Duration.ofMinutes(3);

    private static final int BOOK_TRIES = 10;

    private final Kafka kafka;
    private final GroupProtocol protocol;
    private final int copies;
    private final Trouble middle;

    /** A scenario. */
    @FunctionalInterface
    interface Scenario {
        void run() throws Exception;
    }

    /** Happens in the middle of each scenario. */
    @FunctionalInterface
    interface Trouble {
        void happen() throws Exception;
    }

    record Order(String id, String customer, long cents) {}

    static final class UnknownCustomer extends Exception {
        private static final long serialVersionUID = 1;
    }

    static final class TooManyRequests extends Exception {
        private static final long serialVersionUID = 1;
    }

    /** @param copies of each partition; of three, two must be in sync */
    Scenarios(Kafka kafka, GroupProtocol protocol, int copies, Trouble middle) {
        this.kafka = kafka;
        this.protocol = protocol;
        this.copies = copies;
        this.middle = middle;
    }

    /** By name. That of transactions needs a broker that does them. */
    Map<String, Scenario> all() {
        var all = new HashMap<String, Scenario>();
        all.put("hello", this::hello);
        all.put("publish durably", this::publishDurably);
        all.put("retry, dead letters and the way back", this::retryAndDeadLetter);
        all.put("batches with resolve and reject", this::batchWithResolveAndReject);
        all.put("pause on overload", this::pauseOnOverload);
        all.put("transactions", this::transactions);
        all.put("replay, four ways", this::replay);
        return Map.copyOf(all);
    }

    void hello() throws Exception {
        var greetings = ensured(Topic.strings(JavaClient.name("greetings")), 1);
        var heard = new LinkedBlockingQueue<String>();
        try (var consumer = member(JavaClient.name("hello"))
                .retry(Retry.standard())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(greetings, m -> heard.add(m.key() + " " + m.value()))
                .start()) {
            kafka.producer().send(greetings, "en", "hello");
            assertThat(next(heard)).isEqualTo("en hello");
            middle.happen();
            kafka.producer().send(greetings, "de", "hallo");
            var second = next(heard);
            assertThat(second.equals("en hello") ? next(heard) : second).isEqualTo("de hallo");
            assertThat(consumer.state()).isEqualTo(Consumer.State.RUNNING);
        }
    }

    void publishDurably() throws Exception {
        var orders = orders(3);
        var first = kafka.producer().send(orders, "c-0", order(0));
        assertThat(first.offset()).isZero();

        var batch = numbers(1, 400)
                .map(n -> Outgoing.to(orders, customer(n), order(n)).header("source", "import"))
                .toList();
        var acks = kafka.producer().sendBatch(batch);
        assertThat(acks).hasSameSizeAs(batch);

        middle.happen();
        var later = numbers(400, 500)
                .map(n -> kafka.producer().sendAsync(orders, customer(n), order(n)))
                .toList();
        kafka.producer().flush();
        var places = new HashSet<String>();
        Stream.concat(
                        Stream.concat(Stream.of(first), acks.stream()),
                        later.stream().map(JavaClient::get))
                .map(ack -> ack.partition() + "/" + ack.offset())
                .forEach(places::add);
        assertThat(places).as("each has a place of its own").hasSize(500);

        var byCustomer = new ConcurrentHashMap<String, List<Integer>>();
        var imported = new AtomicInteger();
        var report = kafka.replay(orders).each(m -> {
            byCustomer
                    .computeIfAbsent(text(m.key()), key -> Collections.synchronizedList(new ArrayList<>()))
                    .add(number(m));
            m.headers().last("source").ifPresent(source -> imported.incrementAndGet());
        });
        assertThat(report.read()).as("each is stored once").isEqualTo(500);
        assertThat(imported).hasValue(399);
        byCustomer.forEach((customer, numbers) ->
                assertThat(numbers).as(customer).isSorted().hasSize(50));
    }

    void retryAndDeadLetter() throws Exception {
        var orders = orders(3);
        var strangers = orders.name() + ".unknown-customer";
        var dead = orders.name() + ".dlq";
        var group = JavaClient.name("billing");
        var repaired = new AtomicBoolean();
        var attempts = new ConcurrentHashMap<Integer, AtomicInteger>();
        var charged = ConcurrentHashMap.<Integer>newKeySet();
        var letters = new CopyOnWriteArrayList<Event.DeadLettered>();
        var audited = Collections.synchronizedSet(new HashSet<String>());
        try (var subscription = kafka.events().on(Event.DeadLettered.class, e -> {
                    if (e.group().equals(group)) {
                        letters.add(e);
                    }
                });
                var consumer = member(group)
                        .retry(Retry.exponential(Duration.ofMillis(20), Duration.ofMillis(100))
                                .attempts(3)
                                .never(UnknownCustomer.class))
                        .deadLetter(DeadLetter.suffix(".dlq").on(UnknownCustomer.class, strangers))
                        .concurrency(Concurrency.perKey(200))
                        .eachMessage(orders, m -> {
                            int attempt = attempts.computeIfAbsent(number(m), n -> new AtomicInteger())
                                    .incrementAndGet();
                            switch (number(m)) {
                                case 3 -> failUnless(attempt > 2);
                                case 5 -> failUnless(repaired.get());
                                case 7 -> throw new UnknownCustomer();
                                default -> {}
                            }
                            charged.add(number(m));
                        })
                        .start();
                var audit = member(JavaClient.name("audit"))
                        .eachMessage(orders, m -> audited.add(m.partition() + "@" + m.offset()))
                        .start()) {
            kafka.producer()
                    .sendBatch(numbers(0, 30)
                            .map(n -> Outgoing.to(orders, customer(n), order(n)))
                            .toList());
            await(() -> letters.size() >= 2 && charged.size() == 28);
            assertThat(attempts.get(3)).as("it failed twice").hasValueGreaterThan(2);
            assertThat(letters.stream().map(e -> e.to().topic())).contains(dead, strangers);
            assertThat(letters.stream()
                            .filter(e -> e.to().topic().equals(strangers))
                            .map(Event.DeadLettered::attempts))
                    .containsOnly(1);

            middle.happen();
            repaired.set(true);
            assertThat(kafka.admin().topic(dead).orElseThrow().replication())
                    .as("dead letters are as safe as their source")
                    .isEqualTo(kafka.admin().topic(orders.name()).orElseThrow().replication());
            var report = kafka.deadLetters(dead)
                    .redriveFor(group, letter -> letter.exception().endsWith("IllegalStateException"), 50);
            assertThat(report.moved()).isGreaterThanOrEqualTo(1);
            await(() -> charged.contains(5));
            assertThat(kafka.deadLetters(dead).count()).as("went home").isZero();
            assertThat(kafka.deadLetters(strangers).count()).isGreaterThanOrEqualTo(1);
            kafka.producer().send(orders, customer(31), order(31));
            await(() -> charged.contains(31) && audited.size() == 31);
            assertThat(charged).doesNotContain(7);
            assertThat(audited).as("what went home was for the other group").hasSize(31);
            assertThat(List.of(consumer.state(), audit.state())).containsOnly(Consumer.State.RUNNING);
            assertThat(subscription).isNotNull();
        }
    }

    void batchWithResolveAndReject() throws Exception {
        var documents = ensured(Topic.strings(JavaClient.name("documents")), 1);
        var group = JavaClient.name("indexer");
        var indexed = new CopyOnWriteArrayList<Integer>();
        var brokenOff = new AtomicBoolean();
        kafka.producer()
                .sendBatch(numbers(0, 50)
                        .map(n -> Outgoing.to(documents, "d", Integer.toString(n)))
                        .toList());
        try (var consumer = member(group)
                .commit(Commit.every(Duration.ofMillis(100)))
                .retry(Retry.fixed(Duration.ofMillis(20)).attempts(2))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachBatch(documents, batch -> {
                    for (var message : batch) {
                        if (batch.stopping() || batch.stale()) {
                            break;
                        }
                        int number = Integer.parseInt(text(message.value()));
                        if (number == 30 && brokenOff.compareAndSet(false, true)) {
                            break; // what is not resolved comes again
                        }
                        if (number % 50 == 17) {
                            batch.reject(message, new IllegalArgumentException("not to be indexed"));
                        } else {
                            indexed.add(number);
                            batch.resolve(message);
                        }
                    }
                })
                .start()) {
            await(() -> new HashSet<>(indexed).size() == 49);
            middle.happen();
            kafka.producer()
                    .sendBatch(numbers(50, 100)
                            .map(n -> Outgoing.to(documents, "d", Integer.toString(n)))
                            .toList());
            assertThat(consumer.awaitIdle(PATIENCE)).isTrue();
        }
        assertThat(new HashSet<>(indexed)).hasSize(98).doesNotContain(17, 67);
        assertThat(firstTimes(indexed)).as("in order").isSorted();
        assertThat(brokenOff).isTrue();
        assertThat(kafka.deadLetters(documents.name() + ".dlq").count()).isGreaterThanOrEqualTo(2);
        assertThat(kafka.admin().committed(group)).isEqualTo(Map.of(Partition.of(documents.name(), 0), 100L));
    }

    void pauseOnOverload() throws Exception {
        var jobs = ensured(Topic.strings(JavaClient.name("jobs")), 2);
        var calls = new LinkedBlockingQueue<Message<String, String>>();
        var overloaded = new AtomicInteger(2);
        try (var consumer = member(JavaClient.name("callouts"))
                .eachMessage(jobs, (m, context) -> {
                    if (m.partition().number() == 0 && overloaded.getAndDecrement() > 0) {
                        context.pause(Duration.ofMillis(100));
                        throw new TooManyRequests();
                    }
                    calls.add(m);
                })
                .start()) {
            await(() -> consumer.assignment().size() == 2);
            for (var value : List.of("a", "b")) {
                kafka.producer().send(Outgoing.to(jobs, "k", value).partition(0));
            }
            kafka.producer().send(Outgoing.to(jobs, "k", "sibling").partition(1));
            var byPartition = new HashMap<Integer, List<String>>();
            for (int i = 0; i < 3; i++) {
                var call = next(calls);
                assertThat(call.attempt()).as("a rest costs no attempt").isEqualTo(1);
                byPartition
                        .computeIfAbsent(call.partition().number(), p -> new ArrayList<>())
                        .add(text(call.value()));
            }
            assertThat(byPartition).isEqualTo(Map.of(0, List.of("a", "b"), 1, List.of("sibling")));
            await(() -> consumer.paused().isEmpty());

            middle.happen();
            try (var held = consumer.pause(jobs.name())) {
                kafka.producer().send(Outgoing.to(jobs, "k", "patience").partition(0));
                await(() -> consumer.explain().partitions().stream()
                        .anyMatch(progress -> progress.why() instanceof Reason.PausedFromOutside));
                assertThat(values(calls)).as("nothing new while it is held").doesNotContain("patience");
                assertThat(held.partitions()).isNotEmpty();
            }
            await(() -> values(calls).contains("patience"));
        }
    }

    /**
     * Where the broker does them: what comes from outside is in two topics or in none, and goes on to a third once. The middle
     * comes while a transaction is open.
     */
    void transactions() throws Exception {
        var payments = orders(2);
        var ledger = orders(2);
        var invoices = orders(2);
        var letters = payments.named(payments.name() + ".dlq");
        try (var producer = kafka.producerBuilder()
                        .transactionalId(JavaClient.name("import-tx"))
                        .transactionTimeout(OPEN_MAX)
                        .build();
                var invoicing = member(JavaClient.name("invoicing"))
                        .retry(Retry.standard().never(UnknownCustomer.class))
                        .deadLetter(DeadLetter.suffix(".dlq"))
                        .eachTransaction(payments, JavaClient.name("invoicing-tx"), (m, tx) -> {
                            tx.send(invoices, m.key(), m.value());
                            if (number(m) == 7) {
                                throw new UnknownCustomer();
                            }
                        })
                        .start()) {
            var middleOnce = once(middle);
            for (int n = 0; n < 20; n++) {
                book(producer, payments, ledger, n, n == 10 ? middleOnce : () -> {});
            }
            assertThatThrownBy(() -> producer.transaction(tx -> {
                        tx.send(payments, customer(20), order(20));
                        tx.send(ledger, customer(20), order(20));
                        throw new UnknownCustomer();
                    }))
                    .isInstanceOf(UnknownCustomer.class);
            await(() -> invoicing.assignment().size() == 2);
            assertThat(invoicing.awaitIdle(PATIENCE))
                    .as(() -> invoicing.explain().toString())
                    .isTrue();
        }
        var booked = numbers(0, 20).toList();
        var invoiced = numbers(0, 20).filter(n -> n != 7).toList();
        assertThat(visible(payments, 20)).containsExactlyInAnyOrderElementsOf(booked);
        assertThat(visible(ledger, 20)).as("both or neither").containsExactlyInAnyOrderElementsOf(booked);
        assertThat(visible(invoices, 19))
                .as("each payment once, but for the one that failed")
                .containsExactlyInAnyOrderElementsOf(invoiced);
        assertThat(visible(letters, 1)).as("its dead letter").containsExactly(7);
    }

    /**
     * As users are told to: what was aborted is sent again. What may have committed is looked for first, inside the next
     * transaction: before that begins, the broker has ended the one in doubt, so what is not visible then never will be.
     */
    private void book(
            Producer producer, Topic<String, Order> payments, Topic<String, Order> ledger, int number, Trouble between)
            throws Exception {
        var tried = new ArrayList<RuntimeException>();
        boolean inDoubt = false;
        while (tried.size() < BOOK_TRIES) {
            boolean look = inDoubt;
            try {
                producer.<Integer, Exception>transaction(tx -> {
                    if (look && visible(payments).contains(number)) {
                        return 0;
                    }
                    tx.send(payments, customer(number), order(number));
                    between.happen();
                    tx.send(ledger, customer(number), order(number));
                    return 2;
                });
                return;
            } catch (SendFailed e) {
                tried.add(e); // and with it the transaction was aborted
            } catch (TransactionFailed e) {
                assertThat(e.outcome()).as(e.toString()).isNotEqualTo(TransactionFailed.Outcome.FENCED);
                inDoubt |= e.outcome() == TransactionFailed.Outcome.UNKNOWN;
                tried.add(e);
            }
        }
        throw new AssertionError("not booked: " + tried);
    }

    /** Not again when a transaction is run again. */
    private static Trouble once(Trouble trouble) {
        var happened = new AtomicBoolean();
        return () -> {
            if (happened.compareAndSet(false, true)) {
                trouble.happen();
            }
        };
    }

    /** At least so many, soon: a commit is answered when it is certain, which is a moment before it is visible. */
    private List<Integer> visible(Topic<String, Order> topic, int atLeast) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        var visible = visible(topic);
        while (visible.size() < atLeast && System.nanoTime() < deadline) {
            visible = visible(topic);
        }
        return visible;
    }

    /** To who reads committed messages; those of each customer in order. */
    private List<Integer> visible(Topic<String, Order> topic) throws Exception {
        var visible = Collections.synchronizedList(new ArrayList<Integer>());
        kafka.replay(topic).each(m -> visible.add(number(m)));
        visible.stream()
                .collect(Collectors.groupingBy(Scenarios::customer))
                .forEach((customer, numbers) ->
                        assertThat(numbers).as(topic.name() + " of " + customer).isSorted());
        return visible;
    }

    void replay() throws Exception {
        var orders = orders(2);
        var now = Instant.now();
        kafka.producer()
                .sendBatch(numbers(0, 20)
                        .map(n -> Outgoing.to(orders, customer(n), order(n))
                                .timestamp(now.minus(n < 10 ? Duration.ofHours(2) : Duration.ofMinutes(30))))
                        .toList());
        var anHourAgo = Position.at(now.minus(Duration.ofHours(1)));
        var lateOnes = numbers(10, 20).toList();

        var rebuilt = Collections.synchronizedList(new ArrayList<Integer>());
        var report = kafka.replay(orders).from(anHourAgo).each(m -> rebuilt.add(number(m)));
        assertThat(report.read()).isEqualTo(10);
        assertThat(rebuilt).as("one pass over the last hour").containsExactlyInAnyOrderElementsOf(lateOnes);

        var group = JavaClient.name("live");
        var handled = Collections.synchronizedList(new ArrayList<Integer>());
        try (var running =
                member(group).eachMessage(orders, m -> handled.add(number(m))).start()) {
            await(() -> handled.size() == 20);
            running.seek(orders.name(), anHourAgo);
            await(() -> handled.size() == 30);
            assertThat(handled.subList(20, 30))
                    .as("the running group went back an hour")
                    .containsExactlyInAnyOrderElementsOf(lateOnes);
        }
        middle.happen();
        handled.clear();
        await(() -> isEmpty(group));
        kafka.admin().reset(group, orders.name(), anHourAgo);
        try (var again =
                member(group).eachMessage(orders, m -> handled.add(number(m))).start()) {
            assertThat(again.awaitIdle(PATIENCE)).isTrue();
            assertThat(new HashSet<>(handled))
                    .as("the stopped group went back an hour")
                    .containsExactlyInAnyOrderElementsOf(lateOnes);
        }
        for (int start = 0; start < 2; start++) {
            var view = Collections.synchronizedSet(new HashSet<Integer>());
            try (var broadcast = kafka.broadcast()
                    .groupProtocol(protocol)
                    .alwaysStartAt(anHourAgo)
                    .eachMessage(orders, m -> view.add(number(m)))
                    .start()) {
                await(() -> view.size() >= 10);
                assertThat(broadcast.awaitIdle(PATIENCE)).isTrue();
            }
            assertThat(view).as("each start sees the last hour").containsExactlyInAnyOrderElementsOf(lateOnes);
        }
    }

    /** Apache Kafka may take a moment to see that the last member has left. */
    private boolean isEmpty(String group) {
        return kafka.admin()
                .group(group)
                .map(found -> found.members().isEmpty())
                .orElse(true);
    }

    private Consumer.Builder member(String group) {
        var builder = kafka.consumer(group).groupProtocol(protocol);
        return protocol == GroupProtocol.CLASSIC ? builder.heartbeat(Duration.ofMillis(300)) : builder;
    }

    private Topic<String, Order> orders(int partitions) {
        return ensured(Topic.json(JavaClient.name("orders"), Order.class), partitions);
    }

    private <K, V> Topic<K, V> ensured(Topic<K, V> topic, int partitions) {
        var wanted = topic.partitions(partitions).replication(copies);
        wanted = copies < 3 ? wanted : wanted.config("min.insync.replicas", "2");
        kafka.admin().ensure(wanted);
        return wanted;
    }

    private static Stream<Integer> numbers(int from, int to) {
        return IntStream.range(from, to).boxed();
    }

    private static Order order(int number) {
        return new Order("o-" + number, customer(number), number);
    }

    private static String customer(int number) {
        return "c-" + number % 10;
    }

    private static int number(Message<String, Order> message) {
        return (int)
                Objects.requireNonNull(message.value(), "no tombstones here").cents();
    }

    private static String text(String value) {
        return Objects.requireNonNull(value, "neither here");
    }

    private static void failUnless(boolean well) {
        if (!well) {
            throw new IllegalStateException("the till is broken");
        }
    }

    /** Without what came again. */
    private static List<Integer> firstTimes(List<Integer> numbers) {
        return numbers.stream().distinct().toList();
    }

    private static List<String> values(LinkedBlockingQueue<Message<String, String>> calls) {
        return calls.stream().map(Message::value).toList();
    }

    private static <T> T next(LinkedBlockingQueue<T> queue) throws InterruptedException {
        var next = queue.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(next).as("within " + PATIENCE).isNotNull();
        return next;
    }

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as(PATIENCE + " are over").isLessThan(deadline);
            LockSupport.parkNanos(5_000_000); // Nothing announces it, and others need the core.
        }
    }
}
