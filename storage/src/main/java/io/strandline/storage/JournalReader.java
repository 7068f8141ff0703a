package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Finds in the journal what a crash has left of it: the unbroken sequence of groups of one epoch that begins at the
 * checkpoint (W3), and whether what follows is a torn tail or damage (W4).
 */
final class JournalReader {
    private static final int PIECE_BYTES = 1 << 20;

    private final DiskFile file;
    private final long size;
    private final Checkpoint checkpoint;
    private final List<Frame> frames = new ArrayList<>();
    private final Map<LogId, Long> provenEnds = new HashMap<>();
    private long nextSequence;
    private Optional<Extent> lastGroup = Optional.empty();

    /** Bytes of one segment, kept in the journal. */
    record Frame(LogId log, SegmentName segment, int position, int length, long journalPosition) {
        int end() {
            return position + length;
        }
    }

    private record Found(GroupHeader header, long position) {}

    /**
     * What the journal holds.
     *
     * @param provenEnds durable ends that the groups tell of
     * @param nextSequence above every sequence that was ever used
     * @param lastGroup the newest group, whose force may have failed
     * @param damage a sentence if a group that had been forced cannot be read
     */
    record Contents(
            List<Frame> frames,
            Map<LogId, Long> provenEnds,
            long nextSequence,
            Optional<Extent> lastGroup,
            Optional<String> damage) {}

    /** Some bytes of the journal. */
    record Extent(long position, long length) {}

    private JournalReader(DiskFile file, Checkpoint checkpoint) throws IOException {
        this.file = file;
        this.size = Math.min(file.size(), checkpoint.journalBytes());
        this.checkpoint = checkpoint;
        this.nextSequence = checkpoint.sequence();
    }

    /** @throws StoreRefused if the journal belongs to another store or a later checkpoint; nothing was touched */
    static Contents read(DiskFile file, Checkpoint checkpoint) throws IOException {
        checkHead(file, checkpoint.storeId());
        return new JournalReader(file, checkpoint).collect();
    }

    static void checkHead(DiskFile file, UUID storeId) throws IOException {
        var head = ByteBuffer.allocate(SmallFile.HEADER_BYTES + 16);
        file.read(0, head);
        switch (Journal.FILE.decode(head.flip())) {
            case SmallFile.Content.Found found -> {
                var owner = new UUID(found.bytes().getLong(0), found.bytes().getLong(8));
                if (!owner.equals(storeId)) {
                    throw new StoreRefused("The file journal belongs to another store (" + owner + ", this one is "
                            + storeId + "): put the right one back, or start with --accept-loss.");
                }
            }
            case SmallFile.Content.Newer newer ->
                throw new StoreRefused("The file journal has format " + newer.version() + ", this release reads up to "
                        + Journal.FILE.version() + ": use the later release.");
            case SmallFile.Content.Broken broken -> throw broken(broken.reason());
            case SmallFile.Content.Missing missing -> throw broken("it is empty");
        }
    }

    private static StoreRefused broken(String reason) {
        return new StoreRefused("The file journal is not a journal (" + reason
                + "): put the right one back, or start with --accept-loss.");
    }

    private Contents collect() throws IOException {
        long position = checkpoint.position();
        while (true) {
            var next = groupAt(position, nextSequence);
            if (next.isEmpty()) {
                next = groupAt(Journal.START, nextSequence); // the circle closed here
            }
            if (next.isEmpty()) {
                break;
            }
            position = take(next.get());
        }
        return lookBehind();
    }

    /** The group with this sequence, if all of it is at this position. */
    private Optional<Found> groupAt(long position, long sequence) throws IOException {
        var head = ByteBuffer.allocate(GroupHeader.BYTES);
        file.read(position, head);
        var header = GroupHeader.read(head.flip(), 0).filter(this::isOurs);
        if (header.isEmpty() || header.get().sequence() != sequence || !isWhole(header.get(), position)) {
            return Optional.empty();
        }
        return Optional.of(new Found(header.get(), position));
    }

    private boolean isOurs(GroupHeader header) {
        return header.storeId().equals(checkpoint.storeId()) && header.epoch() == checkpoint.journalEpoch();
    }

    private boolean isWhole(GroupHeader header, long position) throws IOException {
        long from = position + GroupHeader.BYTES;
        if (header.bodyBytes() > size - from) {
            return false;
        }
        var crc = new CRC32C();
        var piece = ByteBuffer.allocate(Math.min(header.bodyBytes(), PIECE_BYTES));
        for (int done = 0; done < header.bodyBytes(); done += piece.limit()) {
            piece.clear().limit(Math.min(piece.capacity(), header.bodyBytes() - done));
            file.read(from + done, piece);
            crc.update(piece.flip());
        }
        return (int) crc.getValue() == header.bodyCrc();
    }

    /** Takes over what a group says. Returns where the next one may begin. */
    private long take(Found group) throws IOException {
        var header = group.header;
        long at = group.position + GroupHeader.BYTES;
        var head = ByteBuffer.allocate(GroupHeader.FRAME_HEAD_BYTES);
        for (int i = 0; i < header.ends(); i++) {
            file.read(at, head.clear().limit(GroupHeader.END_BYTES));
            head.flip();
            provenEnds.merge(readId(head), head.getLong(), Math::max);
            at += GroupHeader.END_BYTES;
        }
        for (int i = 0; i < header.frames(); i++) {
            file.read(at, head.clear());
            head.flip();
            var log = readId(head);
            var segment = new SegmentName(head.getLong(), head.getInt());
            var frame = new Frame(log, segment, head.getInt(), head.getInt(), at + GroupHeader.FRAME_HEAD_BYTES);
            frames.add(frame);
            if (!header.unforced()) {
                provenEnds.merge(log, endOffset(frame), Math::max);
            }
            at = frame.journalPosition + frame.length;
        }
        nextSequence = header.sequence() + 1;
        lastGroup = Optional.of(new Extent(group.position, at - group.position));
        return group.position + header.alignedBytes();
    }

    private static LogId readId(ByteBuffer from) {
        return new LogId(new UUID(from.getLong(), from.getLong()), from.getInt());
    }

    /** The offset behind the last batch of a frame. */
    private long endOffset(Frame frame) throws IOException {
        var head = ByteBuffer.allocate(Batch.HEADER_BYTES);
        long end = 0;
        long at = frame.journalPosition;
        while (at < frame.journalPosition + frame.length) {
            file.read(at, head.clear());
            var batch = Batch.header(head.flip());
            end = batch.endOffset();
            at += batch.claimedSize();
        }
        return end;
    }

    /**
     * Looks at the rest of the file for groups that come later in the sequence. A group is written only after the one
     * before it was forced, so a later one proves that the missing one had been there: then it is damage.
     */
    private Contents lookBehind() throws IOException {
        long missing = nextSequence;
        var later = new TreeMap<Long, Found>();
        var piece = ByteBuffer.allocate((int) Math.min(size, PIECE_BYTES));
        for (long from = Journal.START; from < size; from += piece.capacity()) {
            file.read(from, piece.clear());
            piece.flip();
            for (int at = 0; at + GroupHeader.BYTES <= piece.limit(); at += GroupHeader.ALIGNMENT) {
                if (piece.getInt(at) == GroupHeader.MAGIC) {
                    var header = GroupHeader.read(piece, at);
                    if (header.isPresent()) {
                        consider(new Found(header.get(), from + at), later);
                    }
                }
            }
        }
        Optional<String> damage = Optional.empty();
        for (var group : later.values()) {
            if (!group.header.unforced()) {
                damage = Optional.of("Group " + missing + " of the journal was forced and cannot be read, but group "
                        + group.header.sequence() + " behind it can.");
            }
            take(group);
        }
        return new Contents(List.copyOf(frames), provenEnds, nextSequence, lastGroup, damage);
    }

    private void consider(Found group, Map<Long, Found> later) throws IOException {
        var header = group.header;
        if (!header.storeId().equals(checkpoint.storeId()) || !isWhole(header, group.position)) {
            return;
        }
        if (header.epoch() > checkpoint.journalEpoch() || header.checkpointNumber() > checkpoint.number()) {
            throw new StoreRefused("The file checkpoint is number " + checkpoint.number()
                    + ", but the journal was written after number " + header.checkpointNumber()
                    + ": it was replaced by an older one. Put the right one back, or start with --accept-loss.");
        }
        if (header.epoch() == checkpoint.journalEpoch() && header.sequence() >= nextSequence) {
            later.put(header.sequence(), group);
        }
    }
}
