package io.strandline.broker.net;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads for connections: platform threads while there are few, which cost a quarter less CPU under load; virtual threads
 * beyond, of which there can be thousands. All are daemons: they never keep an embedding application alive.
 */
public final class ConnectionThreads {
    private final int platformMax;
    private final ThreadFactory platform;
    private final ThreadFactory virtual;
    private final AtomicInteger platformRunning = new AtomicInteger();

    /** @param platformMax how many platform threads may run at once; 0: only virtual ones */
    public ConnectionThreads(int platformMax) {
        this(
                platformMax,
                Thread.ofPlatform().daemon().factory(),
                Thread.ofVirtual().factory());
    }

    /** As above, with threads of the caller's making. */
    public ConnectionThreads(int platformMax, ThreadFactory platform, ThreadFactory virtual) {
        this.platformMax = platformMax;
        this.platform = platform;
        this.virtual = virtual;
    }

    /** May throw what the JVM throws when there are too many threads; then nothing runs. */
    void start(String name, Runnable work) {
        if (platformRunning.incrementAndGet() > platformMax) {
            platformRunning.decrementAndGet();
            start(virtual, name, work);
            return;
        }
        boolean started = false;
        try {
            start(platform, name, () -> {
                try {
                    work.run();
                } finally {
                    platformRunning.decrementAndGet();
                }
            });
            started = true;
        } finally {
            if (!started) {
                platformRunning.decrementAndGet();
            }
        }
    }

    private static void start(ThreadFactory factory, String name, Runnable work) {
        var thread = factory.newThread(work);
        thread.setName(name);
        thread.start();
    }
}
