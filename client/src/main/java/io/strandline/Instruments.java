package io.strandline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that watch one client. None of them can break it, and none costs nothing. */
final class Instruments implements Instrumentation {
    static final Instruments NONE = new Instruments(List.of());

    private static final Logger LOG = LoggerFactory.getLogger(Instrumentation.class);

    private final List<Instrumentation> all;

    Instruments(List<Instrumentation> all) {
        this.all = List.copyOf(all);
    }

    @Override
    public void opened(Kafka kafka) {
        tell(all, one -> one.opened(kafka));
    }

    @Override
    public void closed() {
        tell(all, Instrumentation::closed);
    }

    @Override
    public Sending sending(Outgoing<?, ?> message) {
        return all.isEmpty()
                ? Sending.UNOBSERVED
                : new SendingOfAll(ask(all, Sending.UNOBSERVED, one -> one.sending(message)));
    }

    @Override
    public Handling handling(String group, List<? extends Message<?, ?>> messages) {
        return all.isEmpty()
                ? Handling.UNOBSERVED
                : new HandlingOfAll(ask(all, Handling.UNOBSERVED, one -> one.handling(group, messages)));
    }

    /** The same handler, watched. */
    <K, V> Handler<K, V> around(String group, Handler<K, V> handler) {
        if (all.isEmpty()) {
            return handler;
        }
        return (message, context) -> {
            var handling = handling(group, List.of(message));
            try {
                handler.handle(message, context);
            } catch (Throwable e) {
                handling.failed(e);
                throw e;
            }
            handling.done();
        };
    }

    /** The same for batches; a failure of the handler is one of the whole batch. */
    <K, V> Handler.OfBatch<K, V> around(String group, Handler.OfBatch<K, V> handler) {
        if (all.isEmpty()) {
            return handler;
        }
        return batch -> {
            var handling = handling(group, batch.messages());
            try {
                handler.handle(batch);
            } catch (Throwable e) {
                handling.failed(e);
                throw e;
            }
            handling.done();
        };
    }

    /** The same for messages in transactions; a handler is done when it returns, before the commit. */
    <K, V> Handler.InTransaction<K, V> aroundTransaction(String group, Handler.InTransaction<K, V> handler) {
        if (all.isEmpty()) {
            return handler;
        }
        return (message, tx) -> {
            var handling = handling(group, List.of(message));
            try {
                handler.handle(message, tx);
            } catch (Throwable e) {
                handling.failed(e);
                throw e;
            }
            handling.done();
        };
    }

    private record SendingOfAll(List<Sending> all) implements Sending {
        @Override
        public Headers headers(Headers given) {
            var headers = given;
            for (var one : all) {
                var before = headers;
                headers = ask(List.of(one), before, sending -> sending.headers(before))
                        .getFirst();
            }
            return headers;
        }

        @Override
        public void acknowledged(Ack ack) {
            tell(all, one -> one.acknowledged(ack));
        }

        @Override
        public void failed(Throwable why) {
            tell(all, one -> one.failed(why));
        }
    }

    /** The last to begin is the first to end: who has made something current on this thread takes it back in order. */
    private record HandlingOfAll(List<Handling> all) implements Handling {
        @Override
        public void done() {
            tell(all.reversed(), Handling::done);
        }

        @Override
        public void failed(Throwable why) {
            tell(all.reversed(), one -> one.failed(why));
        }
    }

    private static <T> void tell(List<T> all, Consumer<T> what) {
        for (var one : all) {
            try {
                what.accept(one);
            } catch (RuntimeException e) {
                LOG.warn("{} failed; what it watches goes on", one, e);
            }
        }
    }

    private static <T, R> List<R> ask(List<T> all, R without, Function<T, R> what) {
        var answers = new ArrayList<R>(all.size());
        for (var one : all) {
            try {
                answers.add(what.apply(one));
            } catch (RuntimeException e) {
                LOG.warn("{} failed; what it watches goes on", one, e);
                answers.add(without);
            }
        }
        return answers;
    }
}
