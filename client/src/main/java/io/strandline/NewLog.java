package io.strandline;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import org.apache.kafka.common.Uuid;

/**
 * A dead-letter topic that was deleted and made anew while letters of the old one are remembered. The new one has the same
 * offsets again, with other letters, so this knows which ones it has; all others went with the old one.
 *
 * <p>For all threads: reading a part twice does no harm.
 */
final class NewLog {
    private final Uuid id;
    private final Set<Place> letters = ConcurrentHashMap.newKeySet();
    private final Map<Partition, Long> readTo = new ConcurrentHashMap<>();

    /** A letter by its message and by where it lies. */
    private record Place(Partition source, long origin, Partition at, long offset) {
        static Place of(Partition source, OpenLetter letter) {
            return new Place(source, letter.origin(), letter.at(), letter.offset());
        }
    }

    NewLog(Uuid id) {
        this.id = id;
    }

    boolean isOf(Uuid other) {
        return id.equals(other);
    }

    /** All letters below this offset are known, but for those that were done with. */
    long readTo(Partition partition) {
        return readTo.getOrDefault(partition, 0L);
    }

    void add(OpenLetter.Found found) {
        letters.add(Place.of(found.source(), found.letter()));
    }

    /** All letters below these offsets have been added. */
    void readTo(Map<Partition, Long> ends) {
        ends.forEach((partition, end) -> readTo.merge(partition, end, Math::max));
    }

    /** Nobody asks for letters that are done with: by partition and offset. */
    void forget(BiPredicate<Partition, Long> done) {
        letters.removeIf(place -> done.test(place.at(), place.offset()));
    }

    int size() {
        return letters.size();
    }

    boolean contains(Partition source, OpenLetter letter) {
        return letters.contains(Place.of(source, letter));
    }
}
