package io.strandline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.DurabilityMode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MountTest {
    private static final String ON_A_DISK = "acks=all means on the disk: it survives a power cut";

    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "nfs4", "overlay"})
    void nothingIsPromisedOfAPowerCutWhereAForceMayNotHold(String fileSystem) {
        var mount = new Mount(Path.of("data"), fileSystem);
        assertThat(mount.doubt()).isPresent();
        assertThat(mount.worth(DurabilityMode.FSYNC, ON_A_DISK))
                .contains(fileSystem)
                .doesNotContain("survives");
        assertThat(mount.worth(DurabilityMode.OS, "in the operating system")).isEqualTo("in the operating system");
    }

    @Test
    void aDiskIsADisk() {
        assertThat(new Mount(Path.of("data"), "ext4").worth(DurabilityMode.FSYNC, ON_A_DISK))
                .isEqualTo(ON_A_DISK);
    }
}
