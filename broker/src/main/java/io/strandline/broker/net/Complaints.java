package io.strandline.broker.net;

import io.strandline.storage.Time;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Log lines about what others do wrong, at most one each {@link #QUIET} for the same subject, so that a client in a loop does
 * not fill the disk with its mistake. The next line says how many were left out.
 */
public final class Complaints {
    static final Duration QUIET = Duration.ofSeconds(10);
    private static final int SUBJECTS_MAX = 1000;
    private static final System.Logger LOG = System.getLogger("io.strandline.broker");

    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Heard> heard = new LinkedHashMap<>();

    public Complaints(Time time) {
        this.time = time;
    }

    private static final class Heard {
        private long saidAtNanos;
        private long leftOut;

        private Heard(long saidAtNanos) {
            this.saidAtNanos = saidAtNanos;
        }
    }

    /**
     * Says it once.
     *
     * @param subject what counts as the same complaint, such as an address with a kind of mistake
     * @param sentence what is wrong, with the value, and what to do
     */
    public void warn(String subject, String sentence) {
        long leftOut = toSay(subject);
        if (leftOut >= 0) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    leftOut == 0 ? sentence : sentence + " (and " + leftOut + " more like this)");
        }
    }

    /** How many have been left out since the last line; negative: leave this one out, too. */
    private long toSay(String subject) {
        long now = time.nanos();
        lock.lock();
        try {
            var known = heard.get(subject);
            if (known == null) {
                if (heard.size() == SUBJECTS_MAX) {
                    heard.remove(heard.keySet().iterator().next());
                }
                heard.put(subject, new Heard(now));
                return 0;
            }
            if (now - known.saidAtNanos < QUIET.toNanos()) {
                known.leftOut++;
                return -1;
            }
            long leftOut = known.leftOut;
            known.saidAtNanos = now;
            known.leftOut = 0;
            return leftOut;
        } finally {
            lock.unlock();
        }
    }
}
