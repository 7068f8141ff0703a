package io.strandline.storage;

import io.strandline.storage.simulation.Fault;
import io.strandline.storage.simulation.Operation;
import io.strandline.storage.simulation.OperationKind;
import io.strandline.storage.simulation.PowerCut;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Some lives of one store, all by one seed: appends, retries, bundles, rolls, retention, deletions, trouble with the
 * disk. At many of the disk's operations the power is cut, or the process killed, on a copy of the disk; what a restart
 * finds there is compared with what had been promised at that moment.
 */
final class CrashWorld {
    private static final int JOURNAL_BYTES = 64 * 1024;
    private static final int SMALL_JOURNAL_BYTES = 8 * 1024;
    private static final int ACTIONS = 40;
    private static final long SPACE = 1L << 40;

    private final long seed;
    private final SplittableRandom random;
    private final Map<OperationKind, Long> crashPoints;
    private final TurnableTime time = new TurnableTime();
    private final LogConfig logConfig;
    private final StoreConfig config;
    private final Map<LogId, LogModel> logs = new LinkedHashMap<>();
    private final Map<UUID, Boolean> topics = new LinkedHashMap<>();
    private final Map<UUID, Long> createdAt = new HashMap<>();
    private final Map<UUID, Long> deletedAt = new HashMap<>();
    private final int everyNth;
    private SimulatedDisk disk;
    private @Nullable Store store;
    private long nextTag = 1;
    private long nextBundle = 1;
    private boolean faulty;
    private boolean journalGrew;
    private long crashes;
    private @Nullable AssertionError found;

    CrashWorld(long seed, int everyNth, Map<OperationKind, Long> crashPoints) {
        this.seed = seed;
        this.everyNth = everyNth;
        this.crashPoints = crashPoints;
        this.random = new SplittableRandom(seed);
        this.disk = new SimulatedDisk(random.nextLong());
        disk.capacity(SPACE);
        this.logConfig = LogConfig.defaults()
                .withSegmentBytes(600 + random.nextInt(4000))
                .withRetentionMs(random.nextInt(3) == 0 ? 5_000 : -1)
                .withRetentionBytes(random.nextInt(3) == 0 ? 4_000 : -1);
        var routes = random.split();
        int directPercent = random.nextInt(4) * 33;
        this.config = StoreConfig.defaults()
                .withDurability(random.nextInt(8) == 0 ? DurabilityMode.OS : DurabilityMode.FSYNC)
                .withJournalBytes(JOURNAL_BYTES)
                .withJournalBytesAtFirst(seed % 2 == 0 ? SMALL_JOURNAL_BYTES : JOURNAL_BYTES)
                .withIndexIntervalBytes(200)
                .withIdleAfter(Duration.ofSeconds(20))
                .withRouter((bytes, dirty) ->
                        routes.nextInt(100) < directPercent ? Router.Route.DIRECT : Router.Route.JOURNAL);
        if (random.nextInt(4) == 0) {
            disk.tearSectors();
        }
    }

    long crashes() {
        return crashes;
    }

    /** Whether the journal became larger than it was at first. */
    boolean journalGrew() {
        return journalGrew;
    }

    /** Lives, crashes, lives again. */
    void live(int lives) throws Exception {
        for (int life = 0; life < lives; life++) {
            observe();
            boolean started = start();
            if (found != null) {
                throw found;
            }
            if (!started) {
                continue;
            }
            act();
            next();
            if (found != null) {
                throw found;
            }
        }
    }

    /** False if the disk was in trouble; the next life tries again. */
    private boolean start() throws Exception {
        var known = new Topics(logConfig);
        try {
            store = Store.open(disk, config, known, time);
        } catch (IOException e) {
            if (!faulty) {
                throw e;
            }
            disk.removeFaults();
            disk.capacity(SPACE);
            faulty = false;
            disk = disk.afterProcessKill(random.nextLong());
            return false;
        }
        adopt(known);
        return true;
    }

    // ---- what is done

    private void act() throws Exception {
        for (int i = 0; i < ACTIONS && !running().isFailed(); i++) {
            int die = random.nextInt(100);
            if (die < 40) {
                append(random.nextInt(12) == 0 ? 9_000 : random.nextInt(400));
            } else if (die < 47) {
                retry();
            } else if (die < 53) {
                bundle();
            } else if (die < 75) {
                cycle();
            } else if (die < 80) {
                step();
            } else if (die < 84) {
                create();
            } else if (die < 86) {
                delete();
            } else if (die < 89) {
                trim();
            } else if (die < 92) {
                time.advanceMs(random.nextInt(8_000));
                running().checkpointer().retain();
            } else if (die < 94) {
                time.advanceMs(25_000);
                step();
            } else if (die < 97) {
                trouble();
            } else {
                readAll(running(), logs, Map.of(), "while running");
            }
        }
    }

    private Store running() {
        if (store == null) {
            throw new IllegalStateException("No store");
        }
        return store;
    }

    private void step() {
        traffic = random.nextBoolean();
        stepping = true;
        running().checkpointer().step();
        stepping = false;
        traffic = false;
    }

    private void cycle() {
        traffic = random.nextInt(4) == 0;
        running().committer().cycle();
        traffic = false;
        topics.replaceAll((topic, live) -> live || isDurable(createdAt.get(topic)));
        for (var entry : Map.copyOf(deletedAt).entrySet()) {
            if (isDurable(entry.getValue()) && Boolean.TRUE.equals(topics.remove(entry.getKey()))) {
                running().delete(entry.getKey());
                logs.keySet().removeIf(id -> id.topicId().equals(entry.getKey()));
            }
        }
    }

    private boolean stepping;
    private boolean isMeanwhile;

    /** Whether others work while the committer or the checkpointer waits for the disk. */
    private boolean traffic;

    /** What other threads do in the middle of a cycle or a step. */
    private void meanwhile() throws Exception {
        traffic = false; // once at a time
        isMeanwhile = true;
        switch (random.nextInt(4)) {
            case 0, 1 -> append(random.nextInt(900));
            case 2 -> running().checkpointer().retain();
            default -> {
                append(random.nextInt(400));
                if (stepping && running().journalHasRoom()) {
                    running().committer().cycle();
                }
            }
        }
        isMeanwhile = false;
        traffic = true;
    }

    /** Threads that wait for the disk with a log's lock in their hands keep the others out. */
    private boolean locksAreFree() {
        for (var log : running().openLogs()) {
            var files = log.openOrNull();
            if (files != null && files.lock().isHeldByCurrentThread()) {
                return false;
            }
        }
        return true;
    }

    private boolean isDurable(@Nullable Long metadataEnd) {
        return metadataEnd != null && running().metadata().view().durableEnd() >= metadataEnd;
    }

    private @Nullable LogModel anyLog() {
        var live = topics.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .toList();
        if (live.isEmpty()) {
            return null;
        }
        var id = new LogId(live.get(random.nextInt(live.size())), random.nextInt(2));
        return logs.computeIfAbsent(id, LogModel::new);
    }

    private void append(int valueBytes) {
        var log = anyLog();
        if (log == null) {
            if (!isMeanwhile) {
                create();
            }
            return;
        }
        long producer = random.nextInt(3) - 1;
        int sequence = producer < 0 ? -1 : log.nextSequence(producer);
        int count = 1 + random.nextInt(3);
        long tag = nextTag++;
        if (valueBytes > logConfig.segmentBytes() - 300) {
            valueBytes = Math.max(100, logConfig.segmentBytes() - 300);
        }
        long base = log.end();
        log.attempts.clear();
        log.attempts.add(new LogModel.Entry(base, base + count, tag, producer, sequence, 0, Long.MAX_VALUE));
        var verdict = running().log(log.id).append(batch(tag, count, producer, sequence, valueBytes / count));
        if (running().isFailed()) {
            return; // it may be there after the next start, or not
        }
        log.attempts.clear();
        switch (verdict) {
            case Verdict.Appended appended -> {
                check(appended.baseOffset() == log.end(), () -> "appended at " + appended + ", expected " + log.end());
                log.add(new LogModel.Entry(
                        appended.baseOffset(),
                        appended.endOffset(),
                        tag,
                        producer,
                        sequence,
                        0,
                        appended.killProofFrom()));
            }
            case Verdict.Rejected rejected ->
                check(faulty, () -> "rejected without reason: " + rejected + " " + log.id);
            case Verdict.Duplicate duplicate -> throw new AssertionError("new batch taken for " + duplicate);
        }
    }

    private static Batch batch(long tag, int count, long producer, int sequence, int valueBytes) {
        var builder = new BatchBuilder();
        if (producer >= 0) {
            builder.producer(producer, (short) 0, sequence);
        }
        for (int i = 0; i < count; i++) {
            var value = ByteBuffer.allocate(8 + valueBytes).putLong(0, tag);
            for (int at = 8; at < value.limit(); at++) {
                value.put(at, (byte) (tag * 31 + at));
            }
            builder.add(1_700_000_000_000L, null, value);
        }
        return builder.build();
    }

    private void retry() {
        var log = anyLog();
        if (log != null) {
            retryAll(running(), log);
        }
    }

    /** Sends again what the producers of a log may send again: it must be known, and keep its offset. */
    private void retryAll(Store on, LogModel log) {
        for (var window : log.sent.values()) {
            for (var entry : window) {
                var copy =
                        batch(entry.tag(), (int) (entry.end() - entry.base()), entry.producer(), entry.sequence(), 1);
                var verdict = on.log(log.id).append(copy);
                if (verdict instanceof Verdict.Rejected && (faulty || on.isFailed())) {
                    return;
                }
                check(
                        verdict instanceof Verdict.Duplicate duplicate
                                && duplicate.baseOffset() == entry.base()
                                && duplicate.endOffset() == entry.end(),
                        () -> "retry of " + entry + " answered " + verdict + " in " + log.id);
            }
        }
    }

    private void bundle() {
        var parts = new ArrayList<Store.Part>();
        var models = new ArrayList<LogModel>();
        var tags = new ArrayList<Long>();
        for (int i = 1 + random.nextInt(3); i >= 0; i--) {
            var log = anyLog();
            if (log != null) {
                long tag = nextTag++;
                tags.add(tag);
                models.add(log);
                parts.add(new Store.Part(running().log(log.id), batch(tag, 1, -1, -1, random.nextInt(200))));
            }
        }
        if (parts.isEmpty()) {
            return;
        }
        for (int i = 0; i < models.size(); i++) {
            var log = models.get(i);
            long base = log.possibleEnd();
            log.attempts.add(new LogModel.Entry(base, base + 1, tags.get(i), -1, -1, nextBundle, Long.MAX_VALUE));
        }
        var together = running().appendTogether(parts);
        if (running().isFailed()) {
            return;
        }
        models.forEach(log -> log.attempts.clear());
        if (together instanceof Store.Together.Accepted accepted) {
            long bundle = nextBundle++;
            for (int i = 0; i < models.size(); i++) {
                var appended = accepted.parts().get(i);
                models.get(i)
                        .add(new LogModel.Entry(
                                appended.baseOffset(),
                                appended.endOffset(),
                                tags.get(i),
                                -1,
                                -1,
                                bundle,
                                appended.killProofFrom()));
            }
        } else {
            check(faulty, () -> "bundle refused without reason");
        }
    }

    private void create() {
        if (topics.size() >= 4) {
            return;
        }
        var topic = new UUID(7, nextTag++);
        if (running().metadata().append(Topics.created(topic)) instanceof Verdict.Appended appended) {
            topics.put(topic, false);
            createdAt.put(topic, appended.endOffset());
        }
        cycle();
    }

    private void delete() {
        for (var topic : List.copyOf(topics.keySet())) {
            if (!deletedAt.containsKey(topic) && random.nextBoolean()) {
                deletedAt.put(topic, Long.MAX_VALUE); // it may be in the log from now on
                if (running().metadata().append(Topics.deleted(topic)) instanceof Verdict.Appended appended) {
                    deletedAt.put(topic, appended.endOffset());
                } else if (!running().isFailed()) {
                    deletedAt.remove(topic);
                }
                cycle();
                return;
            }
        }
    }

    private void trim() throws IOException {
        var log = anyLog();
        if (log == null) {
            return;
        }
        var on = running().log(log.id);
        long end = on.view().durableEnd();
        if (on.trim(random.nextLong(end + 1)) instanceof PartitionLog.Trim.Trimmed trimmed && random.nextBoolean()) {
            step();
            if (trimmed.durable().state() == Durability.State.DURABLE) {
                log.durableStart = Math.max(log.durableStart, trimmed.logStartOffset());
            }
        }
    }

    private void trouble() throws IOException {
        boolean armed = faulty; // by an earlier trouble that may still come
        faulty = true;
        switch (random.nextInt(6)) {
            case 0, 1 -> {
                try {
                    disk.capacity(SPACE - disk.usableBytes() + random.nextInt(3) * 4096);
                    for (int i = 0; i < 5 && !running().isFailed(); i++) {
                        append(300);
                        cycle();
                    }
                } finally {
                    disk.capacity(SPACE);
                    running().checkpointer().step(); // makes the reserve whole again
                    faulty = armed || running().isFailed();
                }
            }
            case 2 -> disk.inject(Fault.inputOutputError(OperationKind.FORCE).after(random.nextInt(4)));
            case 3 -> disk.inject(Fault.inputOutputError(OperationKind.WRITE).after(random.nextInt(4)));
            case 4 ->
                disk.inject(Fault.noSpace(OperationKind.WRITE).onPath(".log").after(random.nextInt(4)));
            default -> disk.inject(Fault.inputOutputError(OperationKind.CLOSE).always());
        }
    }

    // ---- the ends of lives

    /** The main line of this world goes on from a cut, a kill or a clean stop. */
    private void next() throws Exception {
        var ended = running();
        disk.onOperation(operation -> {});
        journalGrew |= ended.checkpointer().journalBytes() > config.newJournalBytes();
        var promise = promise(ended);
        disk.removeFaults();
        disk.capacity(SPACE);
        faulty = false;
        boolean all = false;
        int die = random.nextInt(10);
        if (die < 2 && !ended.isFailed()) {
            ended.close();
            promise = promise(ended);
            disk = disk.afterPowerCut(random.nextLong());
            all = true;
        } else if (die < 6) {
            all = !ended.isFailed();
            disk = disk.afterProcessKill(random.nextLong());
            if (random.nextBoolean()) {
                disk.evictCleanPages();
            }
        } else {
            disk = disk.afterPowerCut(random.nextLong());
        }
        crashes++;
        store = null;
        last = all ? promise : afterCut(promise);
    }

    private @Nullable Promise last;

    /** The restarted main line: it holds what was promised; what it does not hold was never promised. */
    private void adopt(Topics known) throws Exception {
        if (last == null) {
            return;
        }
        verify(running(), known, last, false, "after restart");
        long metadataEnd = running().metadata().view().durableEnd();
        createdAt.values().removeIf(end -> end > metadataEnd);
        deletedAt.values().removeIf(end -> end > metadataEnd);
        topics.keySet().removeIf(topic -> !known.live(topic));
        topics.replaceAll((topic, live) -> known.live(topic));
        deletedAt.keySet().retainAll(topics.keySet());
        logs.keySet().removeIf(id -> !known.live(id.topicId()));
        for (var log : logs.values()) {
            log.cutAt(running().log(log.id).view().durableEnd());
        }
        last = null;
    }

    // ---- crashes on the side

    private int countdown = 1;

    private void observe() {
        disk.onOperation(operation -> {
            if (operation.kind().changesDisk() && --countdown <= 0) {
                countdown = 1 + random.nextInt(2 * everyNth - 1);
                crash(operation);
            }
            if (traffic
                    && random.nextInt(6) == 0
                    && locksAreFree()
                    && !running().isFailed()) {
                note(operation.toString(), this::meanwhile);
            }
        });
    }

    /** What the store has promised at this moment. */
    private record Promise(Map<LogId, Long> ends, Map<LogId, Long> starts, int leaderEpoch, boolean opened) {}

    private Promise promise(@Nullable Store at) {
        if (at == null) {
            return last == null ? new Promise(Map.of(), Map.of(), 0, false) : last;
        }
        var ends = new HashMap<LogId, Long>();
        var starts = new HashMap<LogId, Long>();
        ends.put(LogId.METADATA, at.metadata().view().durableEnd());
        for (var id : logs.keySet()) {
            var view = at.log(id).view();
            ends.put(id, view.durableEnd());
            starts.put(id, view.logStartOffset());
        }
        return new Promise(ends, starts, at.leaderEpoch(), true);
    }

    /** What is left of a promise when the power fails. */
    private Promise afterCut(Promise promise) {
        return config.durability() == DurabilityMode.FSYNC
                ? promise
                : new Promise(Map.of(), promise.starts, promise.leaderEpoch, promise.opened);
    }

    private void crash(Operation operation) {
        crashes++;
        crashPoints.merge(operation.kind(), 1L, Long::sum);
        var side = random.split();
        boolean kill = side.nextInt(5) == 0;
        var after = kill ? disk.afterProcessKill(side.nextLong()) : disk.afterPowerCut(side.nextLong());
        String where = (kill ? "killed at " : "cut at ") + operation;
        note(where, () -> restart(after, promise(store), kill && last == null, side, where));
    }

    private interface Action {
        void run() throws Exception;
    }

    /** Keeps what is thrown: the store may catch it. */
    private void note(String where, Action action) {
        try {
            action.run();
        } catch (Exception | PowerCut | AssertionError e) {
            if (found == null) {
                found = new AssertionError(where + ": " + e, e);
            }
        }
    }

    private void restart(SimulatedDisk after, Promise promise, boolean kill, SplittableRandom side, String where)
            throws IOException {
        try {
            restartOnce(after, promise, kill, side, where);
        } catch (DiskFull e) {
            // The disk was full and the reserve spent, more than once: it opens when there is space.
            var roomy = after.afterProcessKill(side.nextLong());
            roomy.capacity(SPACE);
            restartOnce(roomy, promise, false, side, where + ", with space again");
        }
    }

    private void restartOnce(SimulatedDisk after, Promise promised, boolean kill, SplittableRandom side, String where)
            throws IOException {
        int fate = side.nextInt(10);
        boolean troubled = fate < 3;
        var promise = kill && !troubled ? promised : afterCut(promised);
        if (troubled) {
            for (int i = side.nextInt(3); i >= 0; i--) {
                after = fate == 0 ? failedInRecovery(after, side) : crashedInRecovery(after, side);
            }
        }
        var known = new Topics(logConfig);
        var again = Store.open(after, config, known, time);
        recoveryOperations = after.operations();
        var found = verify(again, known, promise, kill && !troubled, where);
        after.capacity(SPACE); // what follows is about other troubles than a full disk
        switch (fate) {
            case 3 -> againAtOnce(after, found, promise, side, where);
            case 4 -> goOn(again, found, promise, after, side, where);
            case 5 -> stopAndStart(again, found, promise, after, side, where);
            default -> {
                // That was all.
            }
        }
    }

    private long recoveryOperations = 100;

    private SimulatedDisk crashedInRecovery(SimulatedDisk after, SplittableRandom side) throws IOException {
        after.crashAt(1 + side.nextLong(recoveryOperations * 5 / 4));
        try {
            Store.open(after, config, new Topics(logConfig), time);
            after.crashNow(); // it was through already
        } catch (PowerCut e) {
            crashes++;
        }
        return after.afterPowerCut(side.nextLong());
    }

    /** The disk is in trouble while the store starts; the next start, after a kill or a cut, finds it well. */
    private SimulatedDisk failedInRecovery(SimulatedDisk after, SplittableRandom side) throws IOException {
        var kind = side.nextInt(3) == 0 ? OperationKind.FORCE : OperationKind.WRITE;
        var fault = side.nextBoolean() ? Fault.inputOutputError(kind) : Fault.noSpace(kind);
        after.inject(fault.after(side.nextInt(12)).times(1 + side.nextInt(3)));
        try {
            Store.open(after, config, new Topics(logConfig), time);
        } catch (IOException e) {
            crashes++;
        }
        if (side.nextBoolean()) {
            return after.afterPowerCut(side.nextLong());
        }
        var killed = after.afterProcessKill(side.nextLong());
        if (side.nextBoolean()) {
            killed.evictCleanPages();
        }
        return killed;
    }

    /** What recovery has shown is on the disk: a reader may have seen it. */
    private void againAtOnce(
            SimulatedDisk after, Map<LogId, Long> found, Promise promise, SplittableRandom side, String where)
            throws IOException {
        crashes++;
        var known = new Topics(logConfig);
        var third = Store.open(after.afterPowerCut(side.nextLong()), config, known, time);
        var more = verify(third, known, promise, false, where + ", cut again after recovery");
        checkAllOf(found, more, where + ", cut again after recovery");
    }

    private void checkAllOf(Map<LogId, Long> found, Map<LogId, Long> more, String where) {
        for (var id : found.keySet()) {
            check(
                    more.getOrDefault(id, 0L) >= found.getOrDefault(id, 0L),
                    () -> where + ": recovery showed " + id + " up to " + found.get(id) + ", now " + more.get(id));
        }
    }

    /** The recovered store is worked with, and cut again. */
    private void goOn(
            Store again,
            Map<LogId, Long> found,
            Promise promise,
            SimulatedDisk after,
            SplittableRandom side,
            String where)
            throws IOException {
        var added = append(again, found, where);
        again.committer().cycle();
        if (side.nextBoolean()) {
            again.checkpointer().step();
        }
        crashes++;
        boolean kill = config.durability() != DurabilityMode.FSYNC;
        var third = kill ? after.afterProcessKill(side.nextLong()) : after.afterPowerCut(side.nextLong());
        holds(third, added, found, promise, where + ", recovered, appended, cut again");
    }

    /** The recovered store is worked with, stopped, and the power cut. */
    private void stopAndStart(
            Store again,
            Map<LogId, Long> found,
            Promise promise,
            SimulatedDisk after,
            SplittableRandom side,
            String where)
            throws IOException {
        var added = append(again, found, where);
        if (side.nextBoolean()) {
            again.committer().cycle();
        }
        again.close();
        crashes++;
        var third = after.afterPowerCut(side.nextLong());
        var opening = holds(third, added, found, promise, where + ", recovered, appended, stopped");
        check(opening.clean(), () -> where + ": no clean start after a clean stop");
    }

    private static Map<LogId, Long> append(Store again, Map<LogId, Long> found, String where) {
        var added = new HashMap<LogId, Long>();
        for (var id : found.keySet()) {
            if (!id.equals(LogId.METADATA)) {
                var log = again.log(id);
                if (log.append(batch(-1, 2, -1, -1, 30)) instanceof Verdict.Appended appended) {
                    check(
                            appended.baseOffset() == log.view().durableEnd(),
                            () -> where + ": after recovery appended at " + appended);
                    added.put(id, appended.endOffset());
                }
            }
        }
        return added;
    }

    private Store.Opening holds(
            SimulatedDisk disk, Map<LogId, Long> added, Map<LogId, Long> found, Promise promise, String where)
            throws IOException {
        var known = new Topics(logConfig);
        var third = Store.open(disk, config, known, time);
        check(third.damages().isEmpty(), () -> where + ": damage " + third.damages());
        for (var entry : added.entrySet()) {
            check(
                    third.log(entry.getKey()).view().durableEnd() == entry.getValue(),
                    () -> where + ": " + entry.getKey() + " ends at "
                            + third.log(entry.getKey()).view().durableEnd() + " instead of " + entry.getValue());
        }
        var shorter = new Promise(found, promise.starts, promise.leaderEpoch, true);
        verifyContents(third, known, shorter, where, true);
        return third.opening();
    }

    // ---- what must be so

    private Map<LogId, Long> verify(Store again, Topics known, Promise promise, boolean kill, String where) {
        check(again.damages().isEmpty(), () -> where + ": damage " + again.damages());
        check(
                !promise.opened || again.opening().clean() || again.leaderEpoch() > promise.leaderEpoch,
                () -> where + ": leader epoch " + again.leaderEpoch() + " after " + promise.leaderEpoch);
        var found = verifyContents(again, known, promise, where, false);
        boolean all = kill || config.durability() == DurabilityMode.FSYNC;
        if (kill && promise.opened) {
            for (var log : logs.values()) {
                if (known.live(log.id.topicId())) {
                    long end = again.log(log.id).view().durableEnd();
                    long proof = log.killProofEnd(promise.ends.getOrDefault(log.id, 0L));
                    check(
                            end >= proof,
                            () -> where + ": " + log.id + " ends at " + end + ", but " + proof
                                    + " had survived a kill");
                }
            }
        }
        if (all) {
            verifyBundles(again, known, where);
        }
        return found;
    }

    private Map<LogId, Long> verifyContents(Store again, Topics known, Promise promise, String where, boolean longer) {
        var found = new HashMap<LogId, Long>();
        long metadataEnd = again.metadata().view().durableEnd();
        found.put(LogId.METADATA, metadataEnd);
        check(
                metadataEnd >= promise.ends.getOrDefault(LogId.METADATA, 0L),
                () -> where + ": metadata ends at " + metadataEnd + " of " + promise.ends.get(LogId.METADATA));
        topics.forEach((topic, live) -> {
            boolean promised = isDurableIn(promise, createdAt.get(topic));
            if (live && promised && !deletedAt.containsKey(topic)) {
                check(known.live(topic), () -> where + ": topic " + topic + " is gone");
            }
        });
        deletedAt.forEach((topic, end) -> {
            if (isDurableIn(promise, end)) {
                check(!known.live(topic), () -> where + ": topic " + topic + " is back");
            }
        });
        for (var log : logs.values()) {
            if (known.live(log.id.topicId())) {
                long end = again.log(log.id).view().durableEnd();
                found.put(log.id, end);
                long promised = promise.ends.getOrDefault(log.id, 0L);
                check(end >= promised, () -> where + ": " + log.id + " ends at " + end + " of " + promised);
                check(
                        longer || end <= log.possibleEnd(),
                        () -> where + ": " + log.id + " ends at " + end + ", sent " + log.possibleEnd());
                long start = again.log(log.id).view().logStartOffset();
                check(
                        start >= log.durableStart
                                && start <= Math.max(promise.starts.getOrDefault(log.id, 0L), log.durableStart),
                        () -> where + ": " + log.id + " starts at " + start + ", promised " + log.durableStart + " to "
                                + promise.starts.get(log.id));
            }
        }
        var live = new LinkedHashMap<LogId, LogModel>();
        logs.forEach((id, log) -> {
            if (known.live(id.topicId())) {
                live.put(id, log);
            }
        });
        readAll(again, live, longer ? promise.ends : Map.of(), where);
        return found;
    }

    private static boolean isDurableIn(Promise promise, @Nullable Long metadataEnd) {
        return metadataEnd != null && metadataEnd <= promise.ends.getOrDefault(LogId.METADATA, 0L);
    }

    private void verifyBundles(Store again, Topics known, String where) {
        var present = new HashMap<Long, Boolean>();
        for (var log : logs.values()) {
            if (known.live(log.id.topicId())) {
                long end = again.log(log.id).view().durableEnd();
                for (var entry : log.possible()) {
                    if (entry.bundle() > 0) {
                        boolean here = entry.end() <= end;
                        var before = present.put(entry.bundle(), here);
                        check(before == null || before == here, () -> where + ": half of bundle " + entry.bundle());
                    }
                }
            }
        }
    }

    /** Every batch that a log can show is the one that was appended at this offset. */
    private void readAll(Store from, Map<LogId, LogModel> models, Map<LogId, Long> ends, String where) {
        try {
            for (var log : models.values()) {
                readAll(from.log(log.id), log, ends.getOrDefault(log.id, Long.MAX_VALUE), where);
                if (!running(from)) {
                    retryKept(from, log, ends.getOrDefault(log.id, Long.MAX_VALUE));
                }
            }
        } catch (IOException | InvalidBatch e) {
            throw new AssertionError(where + ": " + e, e);
        }
    }

    private boolean running(Store from) {
        return from == store;
    }

    private void retryKept(Store on, LogModel log, long knownEnd) {
        long end = Math.min(knownEnd, on.log(log.id).view().durableEnd());
        for (var window : log.sent.values()) {
            var kept = window.stream().filter(entry -> entry.end() <= end).toList();
            if (!kept.isEmpty()) {
                var entry = kept.getLast();
                var copy =
                        batch(entry.tag(), (int) (entry.end() - entry.base()), entry.producer(), entry.sequence(), 1);
                var verdict = on.log(log.id).append(copy);
                check(
                        verdict instanceof Verdict.Duplicate duplicate && duplicate.baseOffset() == entry.base(),
                        () -> "after restart retry of " + entry + " answered " + verdict + " in " + log.id);
            }
        }
    }

    /** @param end behind it the model knows nothing */
    private static void readAll(PartitionLog log, LogModel model, long end, String where)
            throws IOException, InvalidBatch {
        var view = log.view();
        long next = view.logStartOffset();
        var expected = model.possible().stream()
                .filter(entry -> entry.end() > view.logStartOffset() && entry.end() <= Math.min(end, view.durableEnd()))
                .iterator();
        while (next < view.durableEnd()) {
            long at = next;
            var read = log.read(next, 1 << 20, true);
            check(read instanceof Read.Slices, () -> where + ": read at " + at + " of " + log + " found " + read);
            for (var slice : ((Read.Slices) read).slices()) {
                var bytes = slice.read();
                while (bytes.hasRemaining() && next < view.durableEnd()) {
                    int size = bytes.getInt(bytes.position() + Batch.LENGTH_AT) + Batch.LENGTH_COUNTS_FROM;
                    var batch = Batch.parse(bytes.slice(bytes.position(), size));
                    bytes.position(bytes.position() + size);
                    if (expected.hasNext()) {
                        var entry = expected.next();
                        check(
                                batch.baseOffset() == entry.base()
                                        && batch.endOffset() == entry.end()
                                        && tag(batch) == entry.tag(),
                                () -> where + ": " + log + " holds " + batch + " with tag " + tag(batch)
                                        + " instead of " + entry);
                    } else {
                        check(tag(batch) == -1, () -> where + ": " + log + " holds " + batch + ", which nobody sent");
                    }
                    next = batch.endOffset();
                }
            }
            check(next > at, () -> where + ": read at " + at + " of " + log + " makes no progress");
        }
        check(!expected.hasNext(), () -> where + ": " + log + " misses batches");
    }

    private static long tag(Batch batch) {
        try {
            var records = batch.records(Codec.JDK);
            records.next();
            var value = records.value();
            return value == null ? 0 : value.getLong(0);
        } catch (InvalidBatch e) {
            throw new AssertionError(e);
        }
    }

    private interface Message {
        String get();
    }

    private static void check(boolean holds, Message message) {
        if (!holds) {
            throw new AssertionError(message.get());
        }
    }

    @Override
    public String toString() {
        return "world " + seed;
    }

    static Map<OperationKind, Long> noCrashPoints() {
        return new EnumMap<>(OperationKind.class);
    }
}
