package io.strandline.conformance;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * The main class of every JVM that a test starts: runs another main class, and ends the process at once when the
 * process that started it is gone.
 *
 * <p>The parent holds the writing end of our standard input and never writes: end of input is the parent's death,
 * however it died. A program that reads its standard input is given a file: {@code --input=FILE} before the main
 * class. Knows only the JDK, because it runs with foreign class paths.
 */
public final class Leash {
    private static final int EXIT_PARENT_GONE = 66;

    private Leash() {}

    public static void main(String[] args) throws IOException, ReflectiveOperationException {
        var parent = System.in;
        int mainAt = 0;
        if (args[0].startsWith("--input=")) {
            System.setIn(new FileInputStream(args[0].substring("--input=".length())));
            mainAt = 1;
        }
        Thread.ofPlatform().daemon().name("leash").start(() -> endWith(parent));
        var main = Class.forName(args[mainAt]).getMethod("main", String[].class);
        try {
            main.invoke(null, (Object) Arrays.copyOfRange(args, mainAt + 1, args.length));
        } catch (InvocationTargetException e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static void endWith(InputStream parent) {
        try {
            while (parent.read() >= 0) {
                // The parent never writes; whatever comes only proves that it lives.
            }
        } catch (IOException e) {
            // A broken pipe says the same as its end.
        }
        Runtime.getRuntime().halt(EXIT_PARENT_GONE);
    }
}
