package io.strandline.storage.simulation;

import java.util.IdentityHashMap;

/** Every node of a tree copied once, page cache and all, also nodes that are out of reach by now. */
final class TreeCopy {
    private final IdentityHashMap<SimulatedNode, SimulatedNode> copies = new IdentityHashMap<>();

    SimulatedDirectory of(SimulatedDirectory directory) {
        var known = copies.get(directory);
        if (known != null) {
            return (SimulatedDirectory) known;
        }
        var copy = new SimulatedDirectory();
        copies.put(directory, copy);
        directory.names.forEach((name, node) -> copy.names.put(name, of(node)));
        directory.forcedNames.forEach((name, node) -> copy.forcedNames.put(name, of(node)));
        return copy;
    }

    SimulatedNode of(SimulatedNode node) {
        return switch (node) {
            case SimulatedDirectory directory -> of(directory);
            case SimulatedFile file -> copies.computeIfAbsent(file, key -> file.afterProcessKill());
        };
    }
}
