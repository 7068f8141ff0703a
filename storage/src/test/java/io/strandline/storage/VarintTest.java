package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class VarintTest {
    @Test
    void aNumberTakesAsManyBytesAsWasSaidBeforehandAndComesBack() throws Exception {
        for (int bit = 0; bit < 64; bit++) {
            for (long value : new long[] {1L << bit, (1L << bit) - 1, -(1L << bit), ~(1L << bit)}) {
                var bytes = ByteBuffer.allocate(10);
                Varint.write(bytes, value);
                assertThat(bytes.position()).as("size of %d", value).isEqualTo(Varint.size(value));
                assertThat(Varint.readLong(bytes.flip())).isEqualTo(value);
            }
        }
    }
}
