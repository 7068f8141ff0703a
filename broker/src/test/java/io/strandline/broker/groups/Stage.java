package io.strandline.broker.groups;

import java.util.UUID;

/** The groups of one broker with time and disk in the test's hands. */
final class Stage {
    static final String GROUP = "user-service-handlers";

    final VirtualTime time = new VirtualTime();
    final MemoryEventLog log = new MemoryEventLog();
    private GroupConfig config;
    private Groups groups;
    private long ids;

    Stage() {
        this(GroupConfig.defaults());
    }

    Stage(GroupConfig config) {
        this.config = config;
        groups = newGroups();
        groups.start();
    }

    Groups groups() {
        return groups;
    }

    /** The process dies, but not the machine. */
    void restart() {
        log.force();
        cutPowerAndRestart();
    }

    /** The power goes: what was not forced is gone. */
    void cutPowerAndRestart() {
        log.cutPower();
        time.forgetTasks();
        groups = newGroups();
        log.events().forEach(groups::replay);
        groups.start();
    }

    void restartWith(GroupConfig changed) {
        config = changed;
        restart();
    }

    GroupDescription describe() {
        return groups.describe(GROUP).value().orElseThrow();
    }

    GroupState state() {
        return describe().state();
    }

    private Groups newGroups() {
        return new Groups(config, log, time, time, () -> new UUID(0, ++ids));
    }
}
