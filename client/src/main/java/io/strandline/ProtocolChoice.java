package io.strandline;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Which protocol a consumer speaks with its group, and why.
 *
 * @param consumer the broker decides (KIP-848); otherwise the members do
 * @param why for the log
 */
record ProtocolChoice(boolean consumer, String why) {
    static final String SETTING = "group.protocol";

    /** With the other protocol the broker decides them, and kafka-clients refuses them. */
    static final List<String> CLASSIC_ONLY =
            List.of("partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms");

    /** Whether the brokers have the protocol of KIP-848. */
    enum Offer {
        YES,
        NO,
        /** None of them answered. */
        UNKNOWN
    }

    /**
     * @param settings what was set, without our defaults
     * @param brokers is asked where the answer matters
     * @throws IllegalStateException if what is asked for cannot be
     */
    static ProtocolChoice of(
            String group, GroupProtocol asked, Map<String, ?> settings, String bootstrap, Supplier<Offer> brokers) {
        var wanted = asked(asked, settings);
        if (wanted == GroupProtocol.CLASSIC) {
            return new ProtocolChoice(false, "as asked for");
        }
        var classicOnly =
                CLASSIC_ONLY.stream().filter(settings::containsKey).sorted().toList();
        if (wanted == GroupProtocol.AUTO && !classicOnly.isEmpty()) {
            return new ProtocolChoice(false, "only the classic one knows " + String.join(", ", classicOnly));
        }
        if (!classicOnly.isEmpty()) {
            throw new IllegalStateException("Group " + group + ": only the classic protocol knows "
                    + String.join(", ", classicOnly) + "; with GroupProtocol.CONSUMER the broker decides"
                    + " (group.consumer.session.timeout.ms and its neighbours). Leave them out, or say"
                    + " groupProtocol(GroupProtocol.CLASSIC)");
        }
        return offered(group, wanted, bootstrap, brokers.get());
    }

    private static ProtocolChoice offered(String group, GroupProtocol wanted, String bootstrap, Offer offer) {
        boolean auto = wanted == GroupProtocol.AUTO;
        return switch (offer) {
            case YES -> new ProtocolChoice(true, auto ? "the cluster offers it" : "as asked for");
            case NO -> {
                if (auto) {
                    yield new ProtocolChoice(false, "the brokers at " + bootstrap + " offer no other");
                }
                throw new IllegalStateException("Group " + group + ": the brokers at " + bootstrap
                        + " do not offer GroupProtocol.CONSUMER (Apache Kafka does from 4.0 on, with its feature"
                        + " group.version at 1). Say groupProtocol(GroupProtocol.CLASSIC), or AUTO");
            }
            case UNKNOWN ->
                new ProtocolChoice(!auto, auto ? "no broker at " + bootstrap + " answered" : "as asked for");
        };
    }

    private static GroupProtocol asked(GroupProtocol asked, Map<String, ?> settings) {
        var setting = settings.get(SETTING);
        if (setting == null) {
            return asked;
        }
        return switch (setting.toString().toLowerCase(Locale.ROOT)) {
            case "classic" -> GroupProtocol.CLASSIC;
            case "consumer" -> GroupProtocol.CONSUMER;
            default ->
                throw new IllegalStateException(
                        SETTING + "=" + setting + ": it is classic or consumer; see groupProtocol(..)");
        };
    }

    String kafkaName() {
        return consumer ? "consumer" : "classic";
    }
}
