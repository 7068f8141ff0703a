package io.strandline.broker.groups;

import io.strandline.storage.Time;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * At most one call to come. Setting it again replaces the one before, which is what every heartbeat does; so a later hour only
 * moves a number, and the timer, when it goes off too early, is wound again for the rest.
 *
 * <p>All methods are called under the group's lock, and the action runs under it: an alarm that was on its way when it was
 * stopped or moved does nothing.
 */
final class Alarm {
    private final Timer timer;
    private final Time time;
    private final Lock lock;
    private final Runnable action;
    private Timer.@Nullable Scheduled scheduled;
    private long scheduledFor;
    private long due;
    private long round;

    Alarm(Timer timer, Time time, Lock lock, Runnable action) {
        this.timer = timer;
        this.time = time;
        this.lock = lock;
        this.action = action;
    }

    void set(long delayMs) {
        due = time.nanos() + TimeUnit.MILLISECONDS.toNanos(delayMs);
        if (scheduled == null || scheduledFor - due > 0) {
            wind(delayMs);
        }
    }

    void stop() {
        if (scheduled != null) {
            scheduled.cancel();
            scheduled = null;
        }
        round++;
    }

    boolean isSet() {
        return scheduled != null;
    }

    private void wind(long delayMs) {
        stop();
        long mine = round;
        scheduledFor = due;
        scheduled = timer.schedule(delayMs, () -> ring(mine));
    }

    private void ring(long rung) {
        lock.lock();
        try {
            if (rung != round) {
                return;
            }
            scheduled = null;
            long early = due - time.nanos();
            if (early > 0) {
                wind(TimeUnit.NANOSECONDS.toMillis(early + 999_999));
            } else {
                action.run();
            }
        } finally {
            lock.unlock();
        }
    }
}
