package io.strandline.broker;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.requests.Node;
import io.strandline.storage.Time;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A thread for what has to be looked at now and then: files of deleted topics, records that have had their time. */
final class Housekeeper {
    private static final long ROUND_MS = 1_000;
    private static final System.Logger LOG = System.getLogger("io.strandline.broker");

    private final Node node;
    private final long retentionEveryNanos;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("strandline-housekeeper").unstarted(this::run);
    private long retainedAtNanos = Time.SYSTEM.nanos();
    private boolean retaining;

    Housekeeper(Node node) {
        this.node = node;
        this.retentionEveryNanos = TimeUnit.MILLISECONDS.toNanos(node.config().get(BrokerConfig.RETENTION_CHECK_MS));
    }

    void start() {
        thread.start();
    }

    /** Returns when the round that is under way is done: it uses files. */
    void stop() {
        stopped.countDown();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // files are still in use: this cannot be cut short
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!stopped.await(ROUND_MS, TimeUnit.MILLISECONDS)) {
                round();
            }
        } catch (InterruptedException e) {
            LOG.log(System.Logger.Level.DEBUG, "Nobody interrupts the housekeeper; if so, it ends", e);
        }
    }

    private void round() {
        try {
            node.letGoOfDeletedTopics();
            long now = Time.SYSTEM.nanos();
            if (retaining || now - retainedAtNanos >= retentionEveryNanos) {
                retainedAtNanos = now;
                retaining = node.store().checkpointer().retain();
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "Looking after topics failed; it is tried again", e);
        }
    }
}
