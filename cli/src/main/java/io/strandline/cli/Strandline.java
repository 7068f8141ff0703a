package io.strandline.cli;

import io.strandline.cli.demo.DemoCommand;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code strandline}. */
@Command(
        name = "strandline",
        version = "strandline 0.1.0-SNAPSHOT",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        description =
                "Durable publish-subscribe: what was acknowledged is never lost, and never out of order for its key.",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "Begin with 'strandline demo'. 'strandline COMMAND --help' explains a command.",
            "",
            "Exit codes: 0 done, 1 it was tried and failed, 2 the command line or a file it names is wrong."
        })
public final class Strandline implements Callable<Integer> {

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces and the clients' logs.")
    private boolean debug;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private final Streams streams;

    private Strandline(Streams streams) {
        this.streams = streams;
    }

    public static void main(String[] arguments) {
        var terminal = Boolean.getBoolean("strandline.terminal");
        var exitCode = run(new Streams(System.in, System.out, System.err, terminal), arguments);
        System.out.flush();
        System.exit(exitCode);
    }

    /** Runs one command line. @return the exit code */
    static int run(Streams streams, String... arguments) {
        var strandline = new Strandline(streams);
        return new CommandLine(strandline)
                .addSubcommand(new DemoCommand(streams))
                .addSubcommand(new ServeCommand(streams))
                .addSubcommand(new TopicsCommand(streams))
                .addSubcommand(new ProduceCommand(streams))
                .addSubcommand(new ConsumeCommand(streams))
                .setOut(writer(streams.out()))
                .setErr(writer(streams.err()))
                .setUsageHelpAutoWidth(streams.terminal())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(strandline::misused)
                .setExecutionExceptionHandler(strandline::failed)
                .setExecutionStrategy(strandline::execute)
                .execute(arguments);
    }

    /** Without a command: what there is. */
    @Override
    public Integer call() {
        spec.commandLine().usage(streams.out());
        return Problem.USAGE;
    }

    private int execute(ParseResult parsed) {
        Logging.configure(debug);
        return new CommandLine.RunLast().execute(parsed);
    }

    private int misused(ParameterException problem, String[] arguments) {
        var err = problem.getCommandLine().getErr();
        if (problem instanceof UnmatchedArgumentException unmatched) {
            err.println("strandline: " + unmatched(unmatched));
        } else {
            err.println("strandline: " + firstLine(String.valueOf(problem.getMessage())));
        }
        err.println("See: " + problem.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        return Problem.USAGE;
    }

    private static String unmatched(UnmatchedArgumentException problem) {
        var command = problem.getCommandLine();
        var first = problem.getUnmatched().getFirst();
        var kind = problem.isUnknownOption()
                ? "There is no option "
                : command.getSubcommands().isEmpty() ? "One argument too many: " : "There is no command ";
        var suggestions = problem.getSuggestions();
        return kind + "'" + first + "'."
                + (suggestions.isEmpty() ? "" : " Did you mean: " + String.join(", ", suggestions) + "?");
    }

    private int failed(Exception failure, CommandLine commandLine, ParseResult parsed) {
        if (debug) {
            failure.printStackTrace(streams.err());
        }
        streams.err().println("strandline: " + firstLine(sentence(failure)));
        return failure instanceof Problem problem ? problem.exitCode() : Problem.FAILED;
    }

    private static String sentence(Throwable failure) {
        var cause = failure;
        while (cause.getCause() != null
                && (cause.getMessage() == null || cause.getMessage().equals(String.valueOf(cause.getCause())))) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }
}
