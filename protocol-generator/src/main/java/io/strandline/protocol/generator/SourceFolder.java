package io.strandline.protocol.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * A folder that holds exactly what was generated last. Files that stay the same are not touched, so that the compiler
 * has nothing to do either.
 */
final class SourceFolder {
    private final Path root;
    private final Set<Path> current = new HashSet<>();
    private int changed;

    SourceFolder(Path root) {
        this.root = root;
    }

    void write(String packageName, String className, String source) throws IOException {
        var file = root.resolve(packageName.replace('.', '/')).resolve(className + ".java");
        current.add(file);
        if (Files.exists(file) && Files.readString(file).equals(source)) {
            return;
        }
        Files.createDirectories(file.getParent());
        Files.writeString(file, source);
        changed++;
    }

    /** Removes what an earlier run has left. Returns how many files are different now. */
    int finish() throws IOException {
        try (var files = Files.walk(root)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                if (!current.contains(file)) {
                    Files.delete(file);
                    changed++;
                }
            }
        }
        return changed;
    }
}
