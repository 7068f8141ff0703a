package io.strandline.storage;

import java.nio.file.Path;

/** Another process with a disk, for {@link FileDiskTest}. Ends with its parent, whose pipe it reads. */
final class FileDiskChild {
    private FileDiskChild() {}

    public static void main(String[] arguments) throws Exception {
        try {
            new FileDisk(Path.of(arguments[1])).lock("lock");
            System.out.println(ProcessHandle.current().pid());
            while (System.in.read() >= 0) {
                // Until the parent ends.
            }
        } catch (StoreRefused e) {
            System.out.println("refused");
        }
    }
}
