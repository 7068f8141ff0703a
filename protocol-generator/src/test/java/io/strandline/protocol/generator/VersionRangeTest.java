package io.strandline.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VersionRangeTest {
    @Test
    void rangesAreWrittenAsInTheSpecs() {
        assertThat(VersionRange.parse("3")).isEqualTo(new VersionRange(3, 3));
        assertThat(VersionRange.parse("3-5")).isEqualTo(new VersionRange(3, 5));
        assertThat(VersionRange.parse("3+")).isEqualTo(new VersionRange(3, Short.MAX_VALUE));
        assertThat(VersionRange.parse("none").isEmpty()).isTrue();
    }

    @Test
    void aConditionAsksOnlyWhatIsNotKnown() {
        assertThat(condition("0+", "3-9")).isEqualTo("true");
        assertThat(condition("10+", "3-9")).isEqualTo("false");
        assertThat(condition("5+", "3-9")).isEqualTo("version >= 5");
        assertThat(condition("0-5", "3-9")).isEqualTo("version <= 5");
        assertThat(condition("5-7", "3-9")).isEqualTo("version >= 5 && version <= 7");
        assertThat(condition("9+", "3-9")).isEqualTo("version == 9");
    }

    private static String condition(String range, String known) {
        return VersionRange.parse(range).condition(VersionRange.parse(known));
    }
}
