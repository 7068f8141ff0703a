package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings one log back after an unclean stop: puts in what the journal kept, looks how far whole batches go, cuts off what
 * is behind them, and writes what stays once more.
 *
 * <p>May be broken off at any point and begun again: it only ever makes the files more like what they become.
 */
final class LogRecovery {
    private final Disk disk;
    private final Reserve reserve;
    private final LogPoint from;
    private final int leaderEpochMax;
    private final String directory;

    private final List<Part> kept = new ArrayList<>();
    private SegmentName endSegment;
    private int endPosition;
    private long endOffset;
    private long bytesCut;

    /** A range of a segment that stays, above the recovery point. */
    private record Part(SegmentName segment, int from, int to) {}

    /** @param leaderEpochMax no batch of an earlier life carries a later epoch */
    LogRecovery(Disk disk, Reserve reserve, LogPoint from, int leaderEpochMax) {
        this.disk = disk;
        this.reserve = reserve;
        this.from = from;
        this.leaderEpochMax = leaderEpochMax;
        this.directory = Layout.log(from.id());
        this.endSegment = from.segment();
        this.endPosition = from.position();
        this.endOffset = from.recoveryOffset();
    }

    /**
     * Does it. When it returns everything up to the returned recovery point is on the disk.
     *
     * @param journal from which the frames are read
     * @param provenEnd an end that was acknowledged: nothing below it is ever cut (W4)
     * @return the new recovery point; with a later durable end if the bytes between them are damaged
     */
    LogPoint run(DiskFile journal, List<JournalReader.Frame> frames, long provenEnd) throws IOException {
        for (var frame : frames) {
            apply(journal, frame);
        }
        if (!disk.exists(directory)) {
            return from;
        }
        var segments = segments();
        scan(segments);
        boolean damaged = endOffset < provenEnd;
        if (!damaged) {
            cut(segments);
            removeSnapshotsAhead();
        }
        for (var part : kept) {
            rewrite(part);
        }
        disk.forceDirectory(directory);
        disk.forceDirectory(Layout.topic(from.id().topicId()));
        disk.forceDirectory(Layout.TOPICS);
        return new LogPoint(
                from.id(),
                Math.min(from.logStartOffset(), endOffset),
                endOffset,
                endSegment,
                endPosition,
                Math.max(endOffset, provenEnd));
    }

    /** Writes a frame to where it was written before; files and directories whose names were lost are made again. */
    private void apply(DiskFile journal, JournalReader.Frame frame) throws IOException {
        int order = frame.segment().compareTo(from.segment());
        if (order < 0 || (order == 0 && frame.end() <= from.position())) {
            return; // forced in its file already, or dropped since
        }
        var bytes = ByteBuffer.allocate(frame.length());
        journal.read(frame.journalPosition(), bytes);
        reserve.secure(() -> {
            createDirectories();
            String path = Layout.segmentLog(from.id(), frame.segment());
            try (var file = disk.exists(path) ? disk.open(path) : disk.create(path)) {
                file.write(frame.position(), bytes.rewind());
                file.force(); // a file with un-forced bytes is never closed
            }
        });
    }

    private void createDirectories() throws IOException {
        disk.createDirectory(Layout.TOPICS);
        disk.createDirectory(Layout.topic(from.id().topicId()));
        disk.createDirectory(directory);
    }

    private List<SegmentName> segments() throws IOException {
        return disk.list(directory).stream()
                .flatMap(name -> Layout.parseSegment(name).stream())
                .filter(name -> name.compareTo(from.segment()) >= 0)
                .sorted()
                .toList();
    }

    /** Finds the end: the first byte that is not a whole batch with the next offset. */
    private void scan(List<SegmentName> segments) throws IOException {
        for (var segment : segments) {
            boolean first = segment.equals(from.segment());
            if (segment.base() != endOffset && !first) {
                return; // there is a gap before this segment: nothing behind it was acknowledged
            }
            int start = first ? from.position() : 0;
            try (var file = disk.open(Layout.segmentLog(from.id(), segment))) {
                if (file.size() < start) {
                    lostItsBeginning(segment);
                    return;
                }
                scan(segment, file, start);
                if (!segment.equals(endSegment) || endPosition < file.size()) {
                    return; // the end lies in this file, or no batch of it was written whole
                }
            }
        }
    }

    /** Bytes below the recovery point are gone: it is damage, all of the segment is suspect. */
    private void lostItsBeginning(SegmentName segment) {
        endSegment = segment;
        endPosition = 0;
        endOffset = segment.base();
    }

    private void scan(SegmentName segment, DiskFile file, int start) throws IOException {
        var tail = new TailScan(file, start, endOffset, leaderEpochMax);
        while (tail.next()) {
            endOffset = tail.batch().endOffset();
        }
        if (tail.position() > start || segment.equals(from.segment())) {
            endSegment = segment;
            endPosition = tail.position();
        }
        if (tail.position() > start) {
            kept.add(new Part(segment, start, endPosition));
        }
    }

    /**
     * Cuts off what was never acknowledged: an acknowledged batch was forced whole. Else the next crash could leave a
     * new short batch in front of these old bytes, and recovery would read them as batches.
     */
    private void cut(List<SegmentName> segments) throws IOException {
        for (var segment : segments) {
            String path = Layout.segmentLog(from.id(), segment);
            if (segment.compareTo(endSegment) > 0 || (from.recoveryOffset() == 0 && endOffset == 0)) {
                bytesCut += size(path);
                removeWithDerived(segment);
            } else if (segment.equals(endSegment)) {
                truncate(path);
            }
        }
    }

    private void truncate(String path) throws IOException {
        try (var file = disk.open(path)) {
            long size = file.size();
            if (size > endPosition) {
                bytesCut += size - endPosition;
                file.truncate(endPosition);
                file.force();
            }
        }
    }

    private long size(String path) throws IOException {
        try (var file = disk.open(path)) {
            return file.size();
        }
    }

    private void removeWithDerived(SegmentName segment) throws IOException {
        for (String suffix : List.of(".index", ".sum", ".log")) {
            String path = Layout.segment(from.id(), segment) + suffix;
            if (disk.exists(path)) {
                disk.delete(path);
            }
        }
    }

    /** Snapshots that run ahead of the end (W13): the log will grow beyond them, with other batches. */
    private void removeSnapshotsAhead() throws IOException {
        for (var name : disk.list(directory)) {
            if (Layout.parseSnapshot(name).filter(offset -> offset > endOffset).isPresent()) {
                disk.delete(directory + "/" + name);
            }
        }
    }

    /**
     * Writes what stays once more, byte for byte, and forces it (W8). A force that failed in the last life leaves pages
     * that look clean: they can be read, and forced without complaint, and are not on the disk.
     */
    private void rewrite(Part part) throws IOException {
        try (var file = disk.open(Layout.segmentLog(from.id(), part.segment))) {
            reserve.secure(() -> rewrite(file, part.from, part.to));
            file.force();
        }
    }

    /** Writes the bytes of a range to where they are. */
    static void rewrite(DiskFile file, long from, long to) throws IOException {
        var bytes = ByteBuffer.allocate((int) Math.min(to - from, 1 << 20));
        for (long at = from; at < to; at += bytes.limit()) {
            bytes.clear().limit((int) Math.min(bytes.capacity(), to - at));
            file.read(at, bytes);
            file.write(at, bytes.flip());
        }
    }

    long bytesRewritten() {
        return kept.stream().mapToLong(part -> part.to - part.from).sum();
    }

    long bytesCut() {
        return bytesCut;
    }
}
