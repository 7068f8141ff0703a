package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class MemoryDiskTest extends DiskContract {

    @Override
    Disk newDisk() {
        return new MemoryDisk();
    }

    @Test
    void aLimitedDiskIsFullWhenItsBytesAreUsedAndHasSpaceAgainAfterADeletion() throws IOException {
        var disk = new MemoryDisk(200_000);
        disk.create("a").write(0, ones(150_000));
        var file = disk.create("b");

        assertThatThrownBy(() -> file.write(0, ones(100_000))).isInstanceOf(DiskFull.class);
        file.truncate(0);
        disk.delete("a");
        file.write(0, ones(100_000));

        assertThat(file.size()).isEqualTo(100_000);
        assertThat(disk.usableBytes()).isBetween(1L, 100_000L);
    }

    @Test
    void replacedAndTruncatedBytesAreGivenBack() throws IOException {
        var disk = new MemoryDisk(1_000_000);
        for (int round = 0; round < 50; round++) {
            var file = disk.create("new");
            file.write(0, ones(300_000));
            disk.rename("new", "current");
            file.truncate(100);
        }
        disk.delete("current");

        assertThat(disk.usableBytes()).isEqualTo(1_000_000);
    }

    @Test
    void aJournalOfZerosTakesNoMemoryAndASmallFileLittle() throws IOException {
        var disk = new MemoryDisk(10_000);
        disk.create("journal").write(0, ByteBuffer.allocate(50_000_000));
        disk.create("small").write(0, ones(100));

        assertThat(disk.usableBytes()).isGreaterThan(9_000);
    }

    private static ByteBuffer ones(int length) {
        var result = new byte[length];
        Arrays.fill(result, (byte) 1);
        return ByteBuffer.wrap(result);
    }
}
