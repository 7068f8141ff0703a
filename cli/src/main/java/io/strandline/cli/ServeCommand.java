package io.strandline.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code strandline serve}. */
@Command(name = "serve", mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    private final Streams streams;

    ServeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        streams.err().println("not yet");
        return 1;
    }
}
