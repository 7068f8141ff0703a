package io.strandline.broker.config;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All settings of one kind of thing, by name. Immutable. */
public final class SettingTable {
    private final String what;
    private final Map<String, Setting<?>> byName;

    /** @param what names the thing in messages, such as {@code "topic configuration"} */
    public SettingTable(String what, List<Setting<?>> settings) {
        this.what = what;
        var table = new LinkedHashMap<String, Setting<?>>();
        for (var setting : settings) {
            table.put(setting.name(), setting);
        }
        this.byName = Collections.unmodifiableMap(table);
    }

    /** In the order of their definition. */
    public Collection<Setting<?>> all() {
        return byName.values();
    }

    public Optional<Setting<?>> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * The setting of this name.
     *
     * @throws InvalidSetting naming the nearest known one when there is none
     */
    public Setting<?> require(String name) {
        var setting = byName.get(name);
        if (setting == null) {
            var nearest = NearestName.of(name, byName.keySet());
            throw new InvalidSetting("Unknown " + what + " '" + name + "'"
                    + nearest.map(known -> "; did you mean '" + known + "'?").orElse(""));
        }
        return setting;
    }
}
