package io.strandline;

import java.util.List;

/** A reading that does no I/O: cheap enough for every probe. */
public record Health(Status status, List<Check> checks) {
    public enum Status {
        UP,
        /** Works, but something needs a look. */
        DEGRADED,
        DOWN
    }

    /**
     * One thing that was looked at.
     *
     * @param name where it begins with {@code live.} and is down, only a restart of the process helps
     */
    public record Check(String name, Status status, String detail) {}

    public Health {
        checks = List.copyOf(checks);
    }

    /** The worst of these decides. */
    static Health of(List<Check> checks) {
        var worst = Status.UP;
        for (var check : checks) {
            worst = check.status().compareTo(worst) > 0 ? check.status() : worst;
        }
        return new Health(worst, checks);
    }

    /** False if only a restart of the process would help. */
    public boolean live() {
        return checks.stream()
                .noneMatch(c -> c.status() == Status.DOWN && c.name().startsWith("live."));
    }

    /** True if work can be sent here. */
    public boolean ready() {
        return status != Status.DOWN;
    }
}
