package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Brings a store from what the last life left to where everything acknowledged is (W7). Each step may be the last one
 * before the next crash; the next start then finds the same, or more, and comes to the same end.
 */
final class Recovery {
    private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

    /** The mark of a clean stop; its content is the number of the checkpoint it belongs to. */
    static final SmallFile CLEAN_MARK = new SmallFile("SLCLEAN ", 1);

    private static final Set<String> OURS = Set.of(
            Layout.LOCK, Layout.JOURNAL, Layout.RESERVE, Layout.CHECKPOINT, Layout.TOPICS, Layout.CLEAN, "lost+found");

    private final Disk disk;
    private final StoreConfig config;
    private final Catalogue catalogue;
    private final Time time;
    private final Reserve reserve;
    private final Map<LogId, LogPoint> points = new TreeMap<>();
    private boolean made;
    private int framesApplied;
    private long bytesRewritten;
    private long bytesCut;
    private @Nullable String lossAccepted;

    Recovery(Disk disk, StoreConfig config, Catalogue catalogue, Time time) {
        this.disk = disk;
        this.config = config;
        this.catalogue = catalogue;
        this.time = time;
        this.reserve = new Reserve(disk);
    }

    /** What a store is opened with. */
    record Recovered(Checkpoint checkpoint, Journal journal, Reserve reserve, Store.Opening opening) {}

    /** The directory is locked by the caller. */
    Recovered run() throws IOException {
        var identity = identity();
        var last = checkpoint(identity);
        boolean clean = isClean(last);
        checkJournal(identity, clean);
        removeCleanMark();
        reserve.cut(last.journalBytes());
        try (var journal = disk.open(Layout.JOURNAL)) {
            var contents = clean ? nothing(last) : read(journal, last);
            recoverLogs(journal, contents, last, clean);
            long journalBytes = fit(journal, last);
            var next = newLife(last, contents.nextSequence(), journalBytes, clean);
            journal.truncate(journalBytes);
            removeDeadTopics();
            reserve.fill(journalBytes);
            return new Recovered(next, newJournal(next), reserve, opening(clean));
        }
    }

    // ---- what is there

    private StoreFile identity() throws IOException {
        var found = StoreFile.read(disk);
        return found.isPresent() ? found.get() : make();
    }

    /** Looked at before anything is written: a directory of somebody else, or of a later release, stays as it is. */
    static void refuseWhatIsNotOurs(Disk disk) throws IOException {
        if (StoreFile.read(disk).isPresent()) {
            return;
        }
        for (var name : disk.list(Layout.ROOT)) {
            if (!OURS.contains(name) && !name.endsWith(Layout.NEW) && !name.startsWith(".")) {
                throw new StoreRefused("The directory holds '" + name
                        + "' and no file 'store', so it is not one of ours: name an empty or a new one.");
            }
        }
    }

    /** A new store. Its name file is written last, so a crash before leaves what is simply made again. */
    private StoreFile make() throws IOException {
        disk.createDirectory(Layout.TOPICS);
        if (!disk.list(Layout.TOPICS).isEmpty()) {
            throw new StoreRefused(
                    "The directory holds topics, but its file store is missing: put it back from a copy.");
        }
        made = true;
        var identity = new StoreFile(UUID.randomUUID(), time.wallMs());
        long journalBytes = config.newJournalBytes();
        Journal.make(disk, identity.storeId(), journalBytes);
        reserve.fill(journalBytes);
        new Checkpoint(identity.storeId(), 1, 0, 0, 1, Journal.START, journalBytes, List.of()).write(disk);
        CLEAN_MARK.write(disk, Layout.ROOT, Layout.CLEAN, ByteBuffer.allocate(8).putLong(0, 1));
        identity.write(disk);
        return identity;
    }

    private Checkpoint checkpoint(StoreFile identity) throws IOException {
        var checkpoint = switch (Checkpoint.FILE.read(disk, Layout.CHECKPOINT)) {
            case SmallFile.Content.Found found -> Checkpoint.decode(found);
            case SmallFile.Content.Missing missing -> throw noCheckpoint("is missing");
            case SmallFile.Content.Broken broken -> throw noCheckpoint("is damaged (" + broken.reason() + ")");
            case SmallFile.Content.Newer newer -> throw noCheckpoint("has the later format " + newer.version());
        };
        if (!checkpoint.storeId().equals(identity.storeId())) {
            throw noCheckpoint("belongs to another store (" + checkpoint.storeId() + ")");
        }
        checkpoint.points().forEach(point -> points.put(point.id(), point));
        return checkpoint;
    }

    private static StoreRefused noCheckpoint(String what) {
        return new StoreRefused("The file checkpoint " + what
                + ": put it back from a copy, or copy what can be read with strandline salvage.");
    }

    private boolean isClean(Checkpoint checkpoint) throws IOException {
        return CLEAN_MARK.read(disk, Layout.CLEAN) instanceof SmallFile.Content.Found found
                && found.bytes().getLong(0) == checkpoint.number();
    }

    /** Refuses to start without what only the journal knows (W21). */
    private void checkJournal(StoreFile identity, boolean clean) throws IOException {
        if (!disk.exists(Layout.JOURNAL)) {
            if (!clean) {
                acceptLoss("The file journal is missing and the store was not stopped cleanly, so acknowledged records "
                        + "may be missing: put it back, or start with --accept-loss.");
            }
            Journal.make(disk, identity.storeId(), config.newJournalBytes());
            disk.forceDirectory(Layout.ROOT);
            return;
        }
        try (var journal = disk.open(Layout.JOURNAL)) {
            JournalReader.checkHead(journal, identity.storeId());
        } catch (StoreRefused e) {
            acceptLoss(String.valueOf(e.getMessage()));
            disk.delete(Layout.JOURNAL);
            Journal.make(disk, identity.storeId(), config.newJournalBytes());
            disk.forceDirectory(Layout.ROOT);
        }
    }

    private void acceptLoss(String what) throws StoreRefused {
        if (!config.acceptLoss()) {
            throw new StoreRefused(what);
        }
        LOG.log(Level.WARNING, "Loss accepted: {0}", what);
        lossAccepted = what;
    }

    /** From here on this life counts as unclean. */
    private void removeCleanMark() throws IOException {
        if (disk.exists(Layout.CLEAN)) {
            disk.delete(Layout.CLEAN);
            disk.forceDirectory(Layout.ROOT);
        }
    }

    private static JournalReader.Contents nothing(Checkpoint checkpoint) {
        return new JournalReader.Contents(
                List.of(), Map.of(), checkpoint.sequence(), Optional.empty(), Optional.empty());
    }

    private JournalReader.Contents read(DiskFile journal, Checkpoint last) throws IOException {
        try {
            var contents = JournalReader.read(journal, last);
            contents.damage().ifPresent(damage -> LOG.log(Level.ERROR, "{0}", damage));
            if (contents.lastGroup().isPresent()) {
                rewrite(journal, contents.lastGroup().get());
            }
            return contents;
        } catch (StoreRefused e) {
            acceptLoss(String.valueOf(e.getMessage()));
            return nothing(last);
        }
    }

    /**
     * Writes the newest group once more, byte for byte, and forces it, before any of its frames is used (W8). If its
     * force failed in the last life it can be read and is not on the disk: the next crash would find half of a bundle
     * in the segments and nothing in the journal.
     */
    private static void rewrite(DiskFile journal, JournalReader.Extent group) throws IOException {
        LogRecovery.rewrite(journal, group.position(), group.position() + group.length());
        journal.force();
    }

    // ---- logs

    private void recoverLogs(DiskFile journal, JournalReader.Contents contents, Checkpoint last, boolean clean)
            throws IOException {
        var frames = contents.frames().stream().collect(Collectors.groupingBy(JournalReader.Frame::log));
        if (!clean) {
            recover(LogId.METADATA, journal, frames, contents, last); // only then it is known which topics live
        }
        fillCatalogue();
        points.keySet().removeIf(id -> !isLive(id));
        if (!clean) {
            for (var id : logs(frames)) {
                recover(id, journal, frames, contents, last);
            }
        }
    }

    private void recover(
            LogId id,
            DiskFile journal,
            Map<LogId, List<JournalReader.Frame>> frames,
            JournalReader.Contents contents,
            Checkpoint last)
            throws IOException {
        var from = points.getOrDefault(id, LogPoint.empty(id));
        var recovery = new LogRecovery(disk, reserve, from, last.leaderEpoch());
        var ofLog = frames.getOrDefault(id, List.of());
        long proven = Math.max(from.durableEnd(), contents.provenEnds().getOrDefault(id, 0L));
        var point = recovery.run(journal, ofLog, proven);
        framesApplied += ofLog.size();
        bytesRewritten += recovery.bytesRewritten();
        bytesCut += recovery.bytesCut();
        if (point.durableEnd() > 0) {
            points.put(id, point);
        }
        if (point.recoveryOffset() < point.durableEnd()) {
            LOG.log(
                    Level.ERROR,
                    "Offsets {0} to {1} of log {2} were acknowledged and are damaged; it can be read up to there and "
                            + "takes nothing more.",
                    point.recoveryOffset(),
                    point.durableEnd(),
                    id);
        }
    }

    /** Every live log that the journal names, or that has grown, or may have been cut, since the checkpoint. */
    private Set<LogId> logs(Map<LogId, List<JournalReader.Frame>> frames) throws IOException {
        var ids = new TreeSet<LogId>(frames.keySet());
        ids.addAll(points.keySet());
        for (var topic : disk.list(Layout.TOPICS)) {
            var topicId = Layout.parseTopic(topic);
            if (topicId.isPresent() && catalogue.live(topicId.get())) {
                for (var partition : disk.list(Layout.TOPICS + "/" + topic)) {
                    Layout.parsePartition(partition).ifPresent(p -> ids.add(new LogId(topicId.get(), p)));
                }
            }
        }
        ids.removeIf(id -> id.equals(LogId.METADATA) || !isLive(id));
        return ids;
    }

    private boolean isLive(LogId id) {
        return id.equals(LogId.METADATA) || catalogue.live(id.topicId());
    }

    /** Hands the metadata log to the catalogue, batch by batch. */
    private void fillCatalogue() throws IOException {
        var end = points.get(LogId.METADATA);
        if (end == null) {
            return;
        }
        long expected = 0;
        var names = disk.list(Layout.log(LogId.METADATA)).stream()
                .flatMap(name -> Layout.parseSegment(name).stream())
                .sorted()
                .toList();
        for (var name : names) {
            try (var file = disk.open(Layout.segmentLog(LogId.METADATA, name))) {
                var scan = new TailScan(file, 0, expected, Integer.MAX_VALUE);
                while (scan.next()) {
                    catalogue.apply(scan.batch());
                    expected = scan.batch().endOffset();
                }
            }
        }
        if (expected < end.durableEnd()) {
            throw new StoreRefused("The catalogue in " + Layout.log(LogId.METADATA) + " can be read up to offset "
                    + expected + " of " + end.durableEnd() + ": put the directory back from a copy, or copy what can "
                    + "be read with strandline salvage.");
        }
    }

    // ---- the new life

    /** From here on the old journal is not needed, and no group of it is ever believed again. */
    private Checkpoint newLife(Checkpoint last, long nextSequence, long journalBytes, boolean clean)
            throws IOException {
        var next = new Checkpoint(
                last.storeId(),
                last.number() + 1,
                last.journalEpoch() + 1,
                clean && !made ? last.leaderEpoch() : last.leaderEpoch() + 1,
                nextSequence,
                Journal.START,
                journalBytes,
                new ArrayList<>(points.values()));
        reserve.secure(() -> next.write(disk));
        return next;
    }

    /**
     * How much of the journal may be used in this life: what the last checkpoint knew to be on the disk, at least what a
     * new journal has, at most what the configuration allows. Makes a shorter one longer, behind all that may be needed.
     */
    private long fit(DiskFile journal, Checkpoint last) throws IOException {
        long usable = Math.min(journal.size(), last.journalBytes());
        long there = usable - usable % GroupHeader.ALIGNMENT;
        if (there < config.newJournalBytes()) {
            reserve.secure(() -> Zeros.write(journal, there, config.newJournalBytes()));
            journal.force();
        }
        return Math.clamp(there, config.newJournalBytes(), config.journalBytes());
    }

    private Journal newJournal(Checkpoint next) throws IOException {
        return new Journal(disk, disk.open(Layout.JOURNAL), config, next);
    }

    private Store.Opening opening(boolean clean) {
        return new Store.Opening(made, clean, framesApplied, bytesRewritten, bytesCut, lossAccepted);
    }

    /** Files of topics that were deleted, and whose files had not gone before the stop. */
    private void removeDeadTopics() throws IOException {
        for (var topic : disk.list(Layout.TOPICS)) {
            var topicId = Layout.parseTopic(topic);
            if (topicId.isPresent()
                    && !topicId.get().equals(LogId.METADATA.topicId())
                    && !catalogue.live(topicId.get())) {
                removeTree(disk, Layout.TOPICS + "/" + topic);
            }
        }
    }

    /** Removes a topic's directory with all that is in it. */
    static void removeTree(Disk disk, String topic) throws IOException {
        for (var child : disk.list(topic)) {
            String path = topic + "/" + child;
            if (Layout.parsePartition(child).isPresent()) {
                removePartition(disk, path);
            } else {
                disk.delete(path);
            }
        }
        disk.delete(topic);
    }

    static void removePartition(Disk disk, String directory) throws IOException {
        for (var file : disk.list(directory)) {
            disk.delete(directory + "/" + file);
        }
        disk.delete(directory);
    }

    /** Removes the files of one partition, and the topic's directory when it was the last one. */
    static void removeFiles(Disk disk, LogId id) throws IOException {
        if (disk.exists(Layout.log(id))) {
            removePartition(disk, Layout.log(id));
        }
        String topic = Layout.topic(id.topicId());
        if (!disk.exists(topic)) {
            return;
        }
        var left = new HashMap<String, Boolean>();
        disk.list(topic).forEach(name -> left.put(name, true));
        if (left.keySet().equals(Set.of(Layout.NAME)) || left.isEmpty()) {
            try {
                removeTree(disk, topic);
            } catch (DirectoryNotEmptyException e) {
                // Another partition's files are still there; the last one takes the directory with it.
            }
        }
    }
}
