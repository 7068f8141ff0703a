package io.strandline.storage.simulation;

import java.util.TreeMap;

/** The names in one directory: those that processes see, and those that are on the platter. */
final class SimulatedDirectory implements SimulatedNode {
    final TreeMap<String, SimulatedNode> names = new TreeMap<>();
    final TreeMap<String, SimulatedNode> forcedNames = new TreeMap<>();
}
