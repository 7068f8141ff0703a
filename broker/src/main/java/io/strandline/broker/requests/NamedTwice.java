package io.strandline.broker.requests;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a request names more than once. As Kafka does, all of it is refused: the order would decide. */
final class NamedTwice {
    private NamedTwice() {}

    static <T> Set<T> in(Stream<T> named) {
        var seen = new HashSet<T>();
        return named.filter(each -> !seen.add(each)).collect(Collectors.toSet());
    }
}
