package io.strandline;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/** The letters that hold back keys of one partition, by key and by the order in which their messages were sent. */
final class KeyLetters {
    /** Guards what follows. Held for a few instructions. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Lanes.Key, NavigableMap<Long, OpenLetter>> keys = new HashMap<>();
    private int stillThere;

    /** Whether a key is held back. Written under the lock. */
    private volatile boolean any;

    /** Most of the time: nothing failed. */
    boolean isEmpty() {
        return !any;
    }

    /** Keys that are held back. */
    int keys() {
        lock.lock();
        try {
            return keys.size();
        } finally {
            lock.unlock();
        }
    }

    /** Letters that nobody has sent home or dropped. */
    int stillThere() {
        lock.lock();
        try {
            return stillThere;
        } finally {
            lock.unlock();
        }
    }

    /** Of two letters of the same message the one counts that holds back longer. */
    void add(OpenLetter letter) {
        lock.lock();
        try {
            var known = of(letter).get(letter.origin());
            if (known == null || known.backBy() <= letter.backBy()) {
                put(letter);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The message was stored as this letter; letters that it was before are of the past. */
    void replace(OpenLetter letter) {
        lock.lock();
        try {
            put(letter);
        } finally {
            lock.unlock();
        }
    }

    private NavigableMap<Long, OpenLetter> of(OpenLetter letter) {
        return keys.computeIfAbsent(letter.key(), absent -> new TreeMap<>());
    }

    /** Under the lock. */
    private void put(OpenLetter letter) {
        var before = of(letter).put(letter.origin(), letter);
        count(letter, 1);
        if (before != null) {
            count(before, -1);
        }
        any = true;
    }

    private void count(OpenLetter letter, int by) {
        stillThere += letter.stillThere() ? by : 0;
    }

    /** A message is done: no letter of it holds back anything. */
    void remove(Lanes.Key key, long origin) {
        lock.lock();
        try {
            var letters = keys.get(key);
            if (letters != null) {
                var removed = letters.remove(origin);
                if (removed != null) {
                    count(removed, -1);
                }
                forgetIfEmpty(key, letters);
            }
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfEmpty(Lanes.Key key, NavigableMap<Long, OpenLetter> letters) {
        if (letters.isEmpty()) {
            keys.remove(key);
            any = !keys.isEmpty();
        }
    }

    boolean holds(Lanes.Key key, long origin) {
        lock.lock();
        try {
            var letters = keys.get(key);
            return letters != null && letters.containsKey(origin);
        } finally {
            lock.unlock();
        }
    }

    /** What came to be of a letter that was still there; nothing if it is known by now as another one. */
    void gone(OpenLetter letter) {
        lock.lock();
        try {
            var letters = keys.get(letter.key());
            var known = letters == null ? null : letters.get(letter.origin());
            if (known != null && known.at().equals(letter.at()) && known.offset() == letter.offset()) {
                put(letter);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forgets letters that hold back nothing any more. No message below this offset is to be handled yet. */
    void forgetBelow(long offset) {
        lock.lock();
        try {
            keys.values().removeIf(letters -> {
                letters.values().removeIf(letter -> letter.backBy() < offset);
                return letters.isEmpty();
            });
            any = !keys.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The first letter that a message comes after; empty if there is none. Forgets letters that cannot come back any
     * more.
     *
     * @param origin the offset that the message had when it was sent first
     * @param offset where the message was read
     */
    Optional<OpenLetter> before(Lanes.Key key, long origin, long offset) {
        lock.lock();
        try {
            var letters = keys.get(key);
            if (letters == null) {
                return Optional.empty();
            }
            letters.values().removeIf(letter -> letter.backBy() < offset);
            forgetIfEmpty(key, letters);
            return Optional.ofNullable(letters.firstEntry())
                    .map(Map.Entry::getValue)
                    .filter(letter -> letter.holdsBack(origin, offset));
        } finally {
            lock.unlock();
        }
    }

    /** Those of a key that nobody has sent home or dropped, as far as is known. */
    List<OpenLetter> stillThere(Lanes.Key key) {
        lock.lock();
        try {
            var letters = keys.get(key);
            return letters == null
                    ? List.of()
                    : letters.values().stream().filter(OpenLetter::stillThere).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Those of all keys. */
    List<OpenLetter> allStillThere() {
        lock.lock();
        try {
            return keys.values().stream()
                    .flatMap(letters -> letters.values().stream())
                    .filter(OpenLetter::stillThere)
                    .toList();
        } finally {
            lock.unlock();
        }
    }
}
