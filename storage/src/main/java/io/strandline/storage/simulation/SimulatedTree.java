package io.strandline.storage.simulation;

import io.strandline.storage.DiskPath;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The names of a simulated disk: those that processes see, those on the platter, and the changes in between. Not safe
 * for several threads: {@link SimulatedDisk} has the lock.
 */
final class SimulatedTree {
    private final SimulatedDirectory root;
    private final List<NameChange> unforced = new ArrayList<>();

    SimulatedTree() {
        this(new SimulatedDirectory());
    }

    private SimulatedTree(SimulatedDirectory root) {
        this.root = root;
    }

    SimulatedFile create(String path) throws IOException {
        DiskPath.ofEntry(path);
        if (exists(path)) {
            throw new FileAlreadyExistsException(path);
        }
        var file = new SimulatedFile();
        give(path, file);
        return file;
    }

    SimulatedFile file(String path) throws IOException {
        return switch (nodeOrThrow(path)) {
            case SimulatedFile file -> file;
            case SimulatedDirectory directory -> throw new FileSystemException(path, null, "is a directory");
        };
    }

    SimulatedDirectory directory(String path) throws IOException {
        return switch (nodeOrThrow(path)) {
            case SimulatedDirectory directory -> directory;
            case SimulatedFile file -> throw new NotDirectoryException(path);
        };
    }

    void createDirectory(String path) throws IOException {
        switch (node(path)) {
            case null -> give(path, new SimulatedDirectory());
            case SimulatedDirectory directory -> {
                // There already: as the interface has it.
            }
            case SimulatedFile file -> throw new FileAlreadyExistsException(path);
        }
    }

    boolean exists(String path) {
        return node(path) != null;
    }

    List<String> list(String path) throws IOException {
        return List.copyOf(directory(path).names.keySet());
    }

    void rename(String from, String to) throws IOException {
        var source = DiskPath.ofEntry(from);
        var target = DiskPath.ofEntry(to);
        var node = nodeOrThrow(from);
        var targetDirectory = directory(target.directory());
        if (node(to) instanceof SimulatedDirectory && !from.equals(to)) {
            throw new FileAlreadyExistsException(to);
        }
        if (!from.equals(to)) {
            change(new NameChange.Moved(
                    directory(source.directory()), source.name(), targetDirectory, target.name(), node));
        }
    }

    void delete(String path) throws IOException {
        var entry = DiskPath.ofEntry(path);
        var node = nodeOrThrow(path);
        if (node instanceof SimulatedDirectory directory && !directory.names.isEmpty()) {
            throw new DirectoryNotEmptyException(path);
        }
        change(new NameChange.Taken(directory(entry.directory()), entry.name(), node));
    }

    /** The names in this directory, and no others, are on the platter now. */
    void force(SimulatedDirectory directory) {
        var due = withWhatTheyRestOn(change -> change.touches(directory));
        due.forEach(change -> change.applyTo(touched -> touched.forcedNames));
        var done = Collections.newSetFromMap(new IdentityHashMap<NameChange, Boolean>());
        done.addAll(due);
        unforced.removeIf(done::contains);
    }

    void forEachFile(Consumer<SimulatedFile> action) {
        var directories = new ArrayDeque<>(List.of(root));
        while (!directories.isEmpty()) {
            for (var node : directories.remove().names.values()) {
                switch (node) {
                    case SimulatedFile file -> action.accept(file);
                    case SimulatedDirectory directory -> directories.add(directory);
                }
            }
        }
    }

    SimulatedTree afterPowerCut(SplittableRandom random, boolean tornSectors) {
        var survival = Survival.draw(random, false);
        var names = new IdentityHashMap<SimulatedDirectory, Map<String, SimulatedNode>>();
        for (var change : withWhatTheyRestOn(change -> survival.version(1, random) >= 0)) {
            change.applyTo(touched -> names.computeIfAbsent(touched, key -> new TreeMap<>(key.forcedNames)));
        }
        return new SimulatedTree(survivor(root, names, random, tornSectors));
    }

    SimulatedTree afterProcessKill() {
        var copy = new TreeCopy();
        var after = new SimulatedTree(copy.of(root));
        unforced.forEach(change -> after.unforced.add(change.in(copy)));
        return after;
    }

    private static SimulatedDirectory survivor(
            SimulatedDirectory directory,
            IdentityHashMap<SimulatedDirectory, Map<String, SimulatedNode>> names,
            SplittableRandom random,
            boolean tornSectors) {
        var survivor = new SimulatedDirectory();
        names.getOrDefault(directory, directory.forcedNames)
                .forEach((name, node) -> survivor.names.put(
                        name,
                        switch (node) {
                            case SimulatedDirectory child -> survivor(child, names, random, tornSectors);
                            case SimulatedFile file -> file.afterPowerCut(Survival.draw(random, tornSectors), random);
                        }));
        survivor.forcedNames.putAll(survivor.names);
        return survivor;
    }

    /**
     * The chosen changes, oldest first, and every earlier one of the same file or directory: it has one name, so it
     * can only have been moved on from where it was.
     */
    private Collection<NameChange> withWhatTheyRestOn(Predicate<NameChange> chosen) {
        var nodes = Collections.newSetFromMap(new IdentityHashMap<SimulatedNode, Boolean>());
        var result = new ArrayDeque<NameChange>();
        for (int index = unforced.size() - 1; index >= 0; index--) {
            var change = unforced.get(index);
            if (chosen.test(change) || nodes.contains(change.node())) {
                nodes.add(change.node());
                result.addFirst(change);
            }
        }
        return result;
    }

    private void give(String path, SimulatedNode node) throws IOException {
        var entry = DiskPath.ofEntry(path);
        change(new NameChange.Given(directory(entry.directory()), entry.name(), node));
    }

    private void change(NameChange change) {
        change.applyTo(touched -> touched.names);
        unforced.add(change);
    }

    private SimulatedNode nodeOrThrow(String path) throws NoSuchFileException {
        var node = node(path);
        if (node == null) {
            throw new NoSuchFileException(path);
        }
        return node;
    }

    private @Nullable SimulatedNode node(String path) {
        if (DiskPath.of(path).isRoot()) {
            return root;
        }
        SimulatedNode at = root;
        for (int start = 0; start <= path.length() && at != null; ) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            at = at instanceof SimulatedDirectory directory ? directory.names.get(path.substring(start, end)) : null;
            start = end + 1;
        }
        return at;
    }
}
