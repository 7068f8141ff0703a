package io.strandline.storage.simulation;

import java.util.Map;
import java.util.function.Function;

/**
 * A name that was given or taken and may be lost with the power. Each is one step: file systems with a journal (ext4,
 * XFS, btrfs, APFS, NTFS) do not leave half a rename behind.
 */
sealed interface NameChange {
    record Given(SimulatedDirectory directory, String name, SimulatedNode node) implements NameChange {}

    record Taken(SimulatedDirectory directory, String name, SimulatedNode node) implements NameChange {}

    record Moved(SimulatedDirectory from, String oldName, SimulatedDirectory to, String newName, SimulatedNode node)
            implements NameChange {}

    SimulatedNode node();

    default boolean touches(SimulatedDirectory directory) {
        return switch (this) {
            case Given given -> given.directory == directory;
            case Taken taken -> taken.directory == directory;
            case Moved moved -> moved.from == directory || moved.to == directory;
        };
    }

    /**
     * Makes the change in the given tables. Changes before this one may have been lost, so a name is taken only from
     * the node that this change knew under it.
     */
    default void applyTo(Function<SimulatedDirectory, Map<String, SimulatedNode>> names) {
        switch (this) {
            case Given given -> names.apply(given.directory).put(given.name, given.node);
            case Taken taken -> names.apply(taken.directory).remove(taken.name, taken.node);
            case Moved moved -> {
                names.apply(moved.from).remove(moved.oldName, moved.node);
                names.apply(moved.to).put(moved.newName, moved.node);
            }
        }
    }

    /** The same change of the same nodes in a copy of the tree. */
    default NameChange in(TreeCopy copy) {
        return switch (this) {
            case Given given -> new Given(copy.of(given.directory), given.name, copy.of(given.node));
            case Taken taken -> new Taken(copy.of(taken.directory), taken.name, copy.of(taken.node));
            case Moved moved ->
                new Moved(copy.of(moved.from), moved.oldName, copy.of(moved.to), moved.newName, copy.of(moved.node));
        };
    }
}
