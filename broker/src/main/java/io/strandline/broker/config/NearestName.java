package io.strandline.broker.config;

import java.util.Collection;
import java.util.Optional;

/** Finds what somebody probably meant. */
public final class NearestName {
    private NearestName() {}

    /** The known name with the fewest edits to the given one; empty when even that is another word. */
    public static Optional<String> of(String given, Collection<String> known) {
        String nearest = null;
        int fewest = Math.max(3, given.length() / 2);
        for (var name : known) {
            int edits = edits(given, name);
            if (edits < fewest) {
                fewest = edits;
                nearest = name;
            }
        }
        return Optional.ofNullable(nearest);
    }

    /** Insertions, deletions and replacements from one to the other (Levenshtein). */
    private static int edits(String from, String to) {
        var before = new int[to.length() + 1];
        for (int j = 0; j < before.length; j++) {
            before[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            var now = new int[to.length() + 1];
            now[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = before[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                now[j] = Math.min(replaced, 1 + Math.min(before[j], now[j - 1]));
            }
            before = now;
        }
        return before[to.length()];
    }
}
