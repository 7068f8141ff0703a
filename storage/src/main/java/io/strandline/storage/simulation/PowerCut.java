package io.strandline.storage.simulation;

/**
 * The machine is off. Thrown by every operation of a {@link SimulatedDisk} from the crash point on. An {@link Error},
 * because there is nobody left to handle it: code that catches it to go on is not what a power cut looks like.
 */
public final class PowerCut extends Error {
    private static final long serialVersionUID = 1L;

    PowerCut(String message) {
        // No stack trace: a crash test throws a hundred thousand of these.
        super(message, null, false, false);
    }
}
