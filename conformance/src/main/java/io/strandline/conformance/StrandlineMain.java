package io.strandline.conformance;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A Strandline broker as a program: the data directory, the port, and settings as {@code name=value}. Writes
 * {@code ready HOST:PORT}; SIGTERM closes the broker first.
 */
public final class StrandlineMain {
    private StrandlineMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        var config = BrokerConfig.defaults().directory(Path.of(args[0])).port(Integer.parseInt(args[1]));
        for (var setting : List.of(args).subList(2, args.length)) {
            int at = setting.indexOf('=');
            config = config.with(setting.substring(0, at), setting.substring(at + 1));
        }
        var broker = Broker.start(config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(broker), "close-broker"));
        System.out.println("ready " + broker.bootstrapServers());
        Thread.currentThread().join(); // until SIGTERM
    }

    private static void close(Broker broker) {
        try {
            broker.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // this thread ends, and says so
        }
    }
}
