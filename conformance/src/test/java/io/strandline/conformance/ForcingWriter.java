package io.strandline.conformance;

import io.strandline.storage.DiskFile;
import io.strandline.storage.FileDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Writes files as the log engine does, until it is killed, and says of each what is durable, after it is: {@code log
 * NAME LENGTH} of a file that grows, {@code small NUMBER} of one that is replaced, {@code gone NAME} before it deletes.
 */
final class ForcingWriter {
    private static final int LOGS = 5;
    private static final int ROUNDS_PER_LOG = 200;

    private final FileDisk disk;
    private final boolean forcing;

    private ForcingWriter(FileDisk disk, boolean forcing) {
        this.disk = disk;
        this.forcing = forcing;
    }

    /** Arguments: the directory, and whether to force ({@code true}) or only to say so. */
    public static void main(String[] arguments) throws IOException {
        new ForcingWriter(new FileDisk(Path.of(arguments[0], "data")), Boolean.parseBoolean(arguments[1])).write();
    }

    /** The byte at this position of the log of this name. */
    static byte byteAt(String log, long position) {
        return (byte) (position * 31 + position / 509 + log.hashCode());
    }

    private void write() throws IOException {
        var random = new SplittableRandom(1);
        for (long life = 0; ; life++) {
            var logs = new DiskFile[LOGS];
            var directory = "partition-" + life;
            disk.createDirectory(directory);
            for (int index = 0; index < LOGS; index++) {
                logs[index] = disk.create(directory + "/" + index);
            }
            if (forcing) {
                disk.forceDirectory(directory);
                disk.forceDirectory("");
            }
            for (int round = 0; round < ROUNDS_PER_LOG; round++) {
                int index = random.nextInt(LOGS);
                append(logs[index], directory + "/" + index, 1 + random.nextInt(20_000));
                replaceSmall(life * ROUNDS_PER_LOG + round);
            }
            for (int index = 0; index < LOGS; index++) {
                logs[index].close();
                System.out.println("gone " + directory + "/" + index);
                disk.delete(directory + "/" + index);
            }
            disk.delete(directory);
        }
    }

    private void append(DiskFile file, String log, int length) throws IOException {
        long position = file.size();
        var bytes = ByteBuffer.allocate(length);
        for (int index = 0; index < length; index++) {
            bytes.put(index, byteAt(log, position + index));
        }
        file.write(position, bytes);
        if (forcing) {
            file.force();
        }
        System.out.println("log " + log + " " + (position + length));
    }

    private void replaceSmall(long number) throws IOException {
        try (var file = disk.create("small.new")) {
            file.write(0, ByteBuffer.allocate(Long.BYTES).putLong(0, number));
            if (forcing) {
                file.force();
            }
        }
        disk.rename("small.new", "small");
        if (forcing) {
            disk.forceDirectory("");
        }
        System.out.println("small " + number);
    }
}
