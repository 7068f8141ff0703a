package io.strandline.storage.simulation;

/** What a name in a directory stands for. */
sealed interface SimulatedNode permits SimulatedFile, SimulatedDirectory {}
