package io.strandline.storage.simulation;

import io.strandline.storage.DiskFull;
import java.io.IOException;

/** A {@link Fault} and how much of it is still to come. */
final class ArmedFault {
    private final Fault fault;
    private long toSkip;
    private long toStrike;

    ArmedFault(Fault fault) {
        this.fault = fault;
        this.toSkip = fault.skipped();
        this.toStrike = fault.times();
    }

    /** Whether it happens at this operation. Counts the operation. */
    boolean strikes(OperationKind kind, String path) {
        if (toStrike == 0 || !fault.fits(kind, path)) {
            return false;
        }
        if (toSkip > 0) {
            toSkip--;
            return false;
        }
        toStrike--;
        return true;
    }

    IOException exception(Operation operation) {
        return switch (fault.cause()) {
            case INPUT_OUTPUT_ERROR -> new IOException("input/output error, injected at " + operation);
            case NO_SPACE -> new DiskFull("no space left, injected at " + operation);
        };
    }
}
