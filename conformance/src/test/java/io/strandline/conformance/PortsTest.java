package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.conformance.Ports.Range;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PortsTest {
    @Test
    void aPortThatNobodyListensAtIsNotGivenASecondTime() {
        var given = new CopyOnWriteArrayList<Integer>();
        IntStream.range(0, 400).parallel().forEach(n -> given.add(Ports.free()));
        assertThat(given).doesNotHaveDuplicates();
    }

    @Test
    void aPortIsNoneThatTheKernelGivesToClients() {
        assertThat(Ports.besides(new Range(32_768, 60_999))).isEqualTo(new Range(20_000, 32_000));
        assertThat(Ports.besides(new Range(15_000, 60_999))).isEqualTo(new Range(1024, 14_999));
        assertThat(Ports.besides(new Range(1024, 60_000))).isEqualTo(new Range(60_001, 65_535));
    }

    @Test
    void whereTheKernelHasAllOfThemOursAreAsGoodAsAny() {
        for (var kernel : List.of(new Range(1024, 65_535), new Range(1100, 65_535))) {
            assertThat(Ports.besides(kernel)).isEqualTo(new Range(20_000, 32_000));
        }
    }
}
