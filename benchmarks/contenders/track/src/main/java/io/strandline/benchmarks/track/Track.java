package io.strandline.benchmarks.track;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Where a contender does its laps: it stays the same process, and the runner says when the next one begins. */
public final class Track {
    private Track() {}

    /** A contender. */
    @FunctionalInterface
    public interface Contender {
        /** Does one lap, to the end of the lap, and leaves nothing running. */
        void run(Task task, Lap lap) throws Exception;
    }

    /**
     * Does laps until the runner wants no more: it listens at {@code runner=PORT}, and each line that it sends is a lap, as
     * arguments that are added to those of the process. Ends the process.
     */
    public static void follow(String[] args, Contender contender) {
        var always = Task.of(args);
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(always.text("runner")));
                var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                var out = new PrintWriter(socket.getOutputStream(), true, StandardCharsets.UTF_8)) {
            for (var line = in.readLine(); line != null; line = in.readLine()) {
                var task = always.with(line.split(" ", -1));
                var lap = new Lap(task);
                contender.run(task, lap);
                out.println(lap.result());
            }
        } catch (Throwable e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }
}
