package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Transactions without a broker: what was sent under which id and became of it, and the group's offsets that go with it. Each
 * kafka-clients producer is a proxy that knows only the methods we call. Not thread-safe: one handler runs at a time.
 */
final class FakeTransactions {
    private final FakeGroup group;
    private final Map<String, Integer> epochs = new HashMap<>();
    final List<Sent> log = new ArrayList<>();

    /** Offsets that a member stored for a partition that it did not own. */
    final List<String> violations = new ArrayList<>();

    Faults faults = at -> Fault.NONE;

    /** What goes wrong at a call. */
    enum Fault {
        NONE,
        /** The broker has not heard of it. */
        NOT_SENT,
        /** Done, and the answer lost. */
        NOT_ANSWERED
    }

    interface Faults {
        Fault next(String at);
    }

    enum State {
        OPEN,
        COMMITTED,
        ABORTED
    }

    /** One message. */
    static final class Sent {
        final String id;
        final String topic;
        final String key;
        final String value;
        State state = State.OPEN;

        Sent(String id, ProducerRecord<byte[], byte[]> record) {
            this.id = id;
            topic = record.topic();
            key = record.key() == null ? "" : new String(record.key(), UTF_8);
            value = record.value() == null ? "" : new String(record.value(), UTF_8);
        }
    }

    FakeTransactions(FakeGroup group) {
        this.group = group;
    }

    /** What a reader of committed messages sees. */
    List<String> committed(String topic) {
        return log.stream()
                .filter(sent -> sent.state == State.COMMITTED && sent.topic.equals(topic))
                .map(sent -> sent.value)
                .toList();
    }

    long open() {
        return log.stream().filter(sent -> sent.state == State.OPEN).count();
    }

    /** For the consumer whose kafka-clients consumer is this. */
    Transactions transactions(
            java.util.function.Supplier<FakeGroup.Member> member,
            Transactions.Limits limits,
            EventBus events,
            Time time) {
        return new Transactions(
                limits,
                id -> {
                    var pool = new ProducerPool(
                            Map.of("bootstrap.servers", "there:9092"),
                            Map.of(),
                            config -> new One(id, member).producer());
                    return new Transactor(
                            id,
                            pool,
                            new ProducerPool.Kind(Acks.ALL, Compression.NONE),
                            Transactor.WhenFenced.BEGIN_ANEW,
                            events,
                            time,
                            pool::close);
                },
                (task, letter, clock) -> Outgoing.to(
                        Topic.bytes(letter.topic()),
                        task.record().key(),
                        task.record().value()),
                Instruments.NONE);
    }

    /** The process is gone; the broker aborts what it left when the time is over, or when the id begins anew. */
    void timeOut(String idPart) {
        epochs.replaceAll((id, epoch) -> id.contains(idPart) ? epoch + 1 : epoch);
        log.stream()
                .filter(sent -> sent.state == State.OPEN && sent.id.contains(idPart))
                .forEach(sent -> sent.state = State.ABORTED);
    }

    private final class One {
        private final String id;
        private final java.util.function.Supplier<FakeGroup.Member> member;
        private int epoch = -1;
        private final List<Sent> sent = new ArrayList<>();
        private final List<Runnable> callbacks = new ArrayList<>();
        private final Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        private @Nullable RuntimeException failed;
        private boolean inTransaction;

        One(String id, java.util.function.Supplier<FakeGroup.Member> member) {
            this.id = id;
            this.member = member;
        }

        @SuppressWarnings("unchecked")
        Producer<byte[], byte[]> producer() {
            return (Producer<byte[], byte[]>) Proxy.newProxyInstance(
                    FakeTransactions.class.getClassLoader(), new Class<?>[] {Producer.class}, this::invoke);
        }

        private Object invoke(Object proxy, java.lang.reflect.Method method, Object[] arguments) throws Throwable {
            if (method.getDeclaringClass() == Object.class) {
                return switch (method.getName()) {
                    case "equals" -> proxy == arguments[0];
                    case "hashCode" -> System.identityHashCode(proxy);
                    default -> "producer of " + id;
                };
            }
            try {
                return One.class
                        .getDeclaredMethod(method.getName(), method.getParameterTypes())
                        .invoke(this, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private void check() {
            if (epochs.getOrDefault(id, 0) != epoch) {
                throw new ProducerFencedException("a newer one is there");
            }
        }

        public void initTransactions() {
            if (faults.next("init") != Fault.NONE) {
                throw new TimeoutException("no answer to init");
            }
            log.stream()
                    .filter(one -> one.state == State.OPEN && one.id.equals(id))
                    .forEach(one -> one.state = State.ABORTED);
            epoch = epochs.merge(id, 1, Integer::sum);
        }

        public void beginTransaction() {
            if (inTransaction) {
                throw new IllegalStateException("in a transaction");
            }
            inTransaction = true;
        }

        public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
            if (failed != null) {
                throw new org.apache.kafka.common.KafkaException("in error state", failed);
            }
            var one = new Sent(id, record);
            boolean refused = one.topic.equals("out") && one.value.startsWith("too large");
            callbacks.add(() -> {
                if (refused) {
                    failed = new RecordTooLargeException("of " + one.value);
                    callback.onCompletion(null, failed);
                } else if (failed != null) {
                    callback.onCompletion(null, failed);
                } else {
                    int at = log.size();
                    log.add(one);
                    sent.add(one);
                    callback.onCompletion(
                            new RecordMetadata(new TopicPartition(record.topic(), 0), at, 0, -1, 0, 0), null);
                }
            });
            return new CompletableFuture<>();
        }

        public void flush() {
            if (epochs.getOrDefault(id, 0) != epoch) {
                failed = new ProducerFencedException("found when sending");
            }
            callbacks.forEach(Runnable::run);
            callbacks.clear();
        }

        public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> next, ConsumerGroupMetadata shown) {
            check();
            if (faults.next("offsets") != Fault.NONE) {
                throw new TimeoutException("no answer to the offsets");
            }
            if (!member.get().accepts(shown)) {
                throw new CommitFailedException("generation " + shown.generationId());
            }
            for (var partition : next.keySet()) {
                if (group.owners.get(partition) != member.get()) {
                    violations.add(partition + " stored by a member that does not own it");
                }
            }
            offsets.putAll(next);
        }

        public void commitTransaction() {
            flush();
            check();
            if (failed != null) {
                throw new org.apache.kafka.common.KafkaException("in error state", failed);
            }
            var fault = faults.next("commit");
            if (fault != Fault.NOT_SENT) {
                end(State.COMMITTED);
                group.committed.putAll(offsets);
                offsets.clear();
            }
            if (fault != Fault.NONE) {
                throw new TimeoutException("no answer to the commit");
            }
        }

        public void abortTransaction() {
            check();
            end(State.ABORTED);
        }

        private void end(State how) {
            sent.forEach(one -> one.state = how);
            sent.clear();
            failed = new org.apache.kafka.common.errors.TransactionAbortedException(); // what is on its way
            callbacks.forEach(Runnable::run);
            callbacks.clear();
            failed = null;
            inTransaction = false;
            if (how == State.ABORTED) {
                offsets.clear();
            }
        }

        public void close(Duration atMost) {}
    }
}
