package io.strandline;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import jdk.jfr.FlightRecorder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands events to listeners, each on a thread and behind a bounded queue of its own. */
final class EventBus implements Kafka.Events, EventSink, AutoCloseable {
    private static final int QUEUE_MAX = 10_000;

    /** A JVM may have been made without it. */
    private static final boolean HAS_FLIGHT_RECORDER =
            ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    private static final Logger LOG = LoggerFactory.getLogger(Kafka.Events.class);

    private final Time time;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    EventBus(Time time) {
        this.time = time;
    }

    @Override
    public Kafka.Subscription on(Consumer<? super Event> listener) {
        return on(Event.class, listener);
    }

    @Override
    public <E extends Event> Kafka.Subscription on(Class<E> type, Consumer<? super E> listener) {
        var added = new Listener(type, event -> listener.accept(type.cast(event)));
        listeners.add(added);
        Thread.ofVirtual().name("strandline-events").start(added);
        return added;
    }

    @Override
    public boolean wanted(Class<? extends Event> type) {
        for (var listener : listeners) {
            if (listener.type.isAssignableFrom(type)) {
                return true;
            }
        }
        return recording() && FlightRecording.wanted(type);
    }

    @Override
    public void raise(Event event) {
        for (var listener : listeners) {
            listener.offer(event);
        }
        if (recording()) {
            record(event);
        }
    }

    private static void record(Event event) {
        try {
            FlightRecording.record(event);
        } catch (Throwable e) {
            // An exception's text may be anybody's code. A recording must not break what it records.
            LOG.warn(
                    "An event is not in the flight recording: {}",
                    event.getClass().getSimpleName(),
                    e);
        }
    }

    /** A look at a flag; loads nothing else of the recorder while no recording is on. */
    private static boolean recording() {
        return HAS_FLIGHT_RECORDER && FlightRecorder.isInitialized();
    }

    /** Listeners get what was raised before. */
    @Override
    public void close() {
        listeners.forEach(Listener::close);
    }

    private final class Listener implements Kafka.Subscription, Runnable {
        private final Class<? extends Event> type;
        private final Consumer<Event> target;
        private final BlockingQueue<Event> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
        private final AtomicLong missed = new AtomicLong();
        private volatile boolean closed;

        Listener(Class<? extends Event> type, Consumer<Event> target) {
            this.type = type;
            this.target = target;
        }

        void offer(Event event) {
            if (!closed && type.isInstance(event) && !queue.offer(event)) {
                missed.incrementAndGet();
            }
        }

        @Override
        public void run() {
            try {
                while (!closed || !queue.isEmpty()) {
                    var event = queue.poll(100, java.util.concurrent.TimeUnit.MILLISECONDS);
                    if (event != null) {
                        deliver(event);
                    }
                }
            } catch (InterruptedException e) {
                // Nobody but the listener itself can interrupt this thread; it wants no more events.
                close();
            }
        }

        private void deliver(Event event) {
            long lost = missed.getAndSet(0);
            if (lost > 0 && type.isAssignableFrom(Event.Missed.class)) {
                accept(new Event.Missed(time.now(), lost));
            } else if (lost > 0) {
                LOG.warn("A listener for {} was too slow and missed {} events", type.getSimpleName(), lost);
            }
            accept(event);
        }

        private void accept(Event event) {
            try {
                target.accept(event);
            } catch (Throwable e) {
                // A listener must not break what it listens to, nor the events after this one.
                LOG.warn("An event listener failed on {}", event, e);
            }
        }

        @Override
        public void close() {
            closed = true;
            listeners.remove(this);
        }
    }
}
