package io.strandline.broker.life;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** What clients were told, and may hold the broker to after any power cut. */
final class Known {
    final Map<UUID, KnownTopic> topics = new LinkedHashMap<>();
    final Set<Long> producerIds = new HashSet<>();

    static final class KnownTopic {
        final UUID id;
        final String name;
        final List<KnownPartition> partition = new ArrayList<>();

        /** How many were told; perhaps there are more, up to those asked for. */
        int partitions;

        int partitionsAsked;

        /** Every value of one setting that was asked for, each another one, in the order in which it was. */
        final List<Long> settingsAsked = new ArrayList<>();

        /** Which of them was told last; a later one that was not answered may count, too. -1: none. */
        int settingTold = -1;

        boolean deletionAsked;
        boolean deletionAnswered;

        KnownTopic(UUID id, String name, int partitions) {
            this.id = id;
            this.name = name;
            partitionsAre(partitions);
        }

        /** So many were told. */
        void partitionsAre(int told) {
            partitions = Math.max(partitions, told);
            partitionsMayBe(told);
        }

        /** So many were asked for. */
        void partitionsMayBe(int asked) {
            partitionsAsked = Math.max(partitionsAsked, asked);
            while (partition.size() < partitionsAsked) {
                partition.add(new KnownPartition());
            }
        }

        /** The value counts that was the one of this number to be asked for. */
        void settingIs(int number) {
            settingTold = Math.max(settingTold, number);
        }
    }

    static final class KnownPartition {
        /** Acknowledged with acks=all: survives everything. */
        final TreeMap<Long, String> acknowledged = new TreeMap<>();

        /** Acknowledged with acks=1: survives the death of the process. */
        final TreeMap<Long, String> killProof = new TreeMap<>();

        /** A consumer has had it: survives everything. */
        final TreeMap<Long, String> seen = new TreeMap<>();

        /** It begins here or later, as was told. */
        long start;

        /** It begins here or earlier: nobody has asked for a later start. */
        long startAsked;

        long consumerAt;

        /** The group's offset that was acknowledged last; -1: none. A later one that was not answered may stand, too. */
        long committed = -1;

        /** The largest offset that the group has tried to commit. */
        long commitTried = -1;
    }

    /** After a power cut nobody can be held to what only survives the death of the process. */
    void powerWasCut() {
        topics.values().forEach(topic -> topic.partition.forEach(each -> each.killProof.clear()));
    }
}
