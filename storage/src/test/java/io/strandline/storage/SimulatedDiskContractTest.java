package io.strandline.storage;

import io.strandline.storage.simulation.SimulatedDisk;

class SimulatedDiskContractTest extends DiskContract {

    @Override
    Disk newDisk() {
        return new SimulatedDisk(1);
    }
}
