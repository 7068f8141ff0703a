package io.strandline;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** Headers as a list: there are few of them, so looking through all is the fastest map. */
record HeaderList(List<Headers.Header> list) implements Headers {
    static final HeaderList NONE = new HeaderList(List.of());

    /** The headers of a record that came from Kafka; values are shared with it, not copied. */
    static Headers of(org.apache.kafka.common.header.Headers kafka) {
        var all = kafka.toArray();
        if (all.length == 0) {
            return NONE; // as most messages
        }
        var list = new Headers.Header[all.length];
        for (int i = 0; i < all.length; i++) {
            list[i] = new Headers.Header(all[i].key(), all[i].value());
        }
        return new HeaderList(List.of(list));
    }

    static org.apache.kafka.common.header.Headers toKafka(Headers headers) {
        var kafka = new RecordHeaders();
        for (var header : headers) {
            kafka.add(header.name(), header.value());
        }
        return kafka;
    }

    @Override
    public Headers with(String name, String value) {
        return with(name, value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public Headers with(String name, byte @Nullable [] value) {
        var longer = Arrays.copyOf(list.toArray(Headers.Header[]::new), list.size() + 1);
        longer[list.size()] = new Headers.Header(name, value);
        return new HeaderList(List.of(longer));
    }

    @Override
    public Headers without(String name) {
        return new HeaderList(
                list.stream().filter(header -> !header.name().equals(name)).toList());
    }

    @Override
    public Optional<String> last(String name) {
        for (int i = list.size() - 1; i >= 0; i--) {
            if (list.get(i).name().equals(name)) {
                return Optional.ofNullable(list.get(i).text());
            }
        }
        return Optional.empty();
    }

    @Override
    public List<String> all(String name) {
        var all = new ArrayList<String>();
        for (var header : list) {
            var text = header.text();
            if (header.name().equals(name) && text != null) {
                all.add(text);
            }
        }
        return List.copyOf(all);
    }

    @Override
    public boolean isEmpty() {
        return list.isEmpty();
    }

    @Override
    public Iterator<Headers.Header> iterator() {
        return list.iterator();
    }

    @Override
    public String toString() {
        return list.toString();
    }
}
