package io.strandline;

import java.util.Locale;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.IllegalSaslStateException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;

/** What a refusal means, and what whoever runs the program can do about it: kafka-clients keeps the reason to its causes. */
final class Advice {
    private Advice() {}

    /** In words; for what is no refusal, what it says itself. */
    static String of(Throwable why) {
        return switch (why) {
            case SslAuthenticationException tls -> ofHandshake(innermost(tls).getMessage() + "");
            case UnsupportedSaslMechanismException sasl ->
                "the broker does not know this way to say who we are: " + sasl.getMessage()
                        + ". Use one that it has: Security.scram512, scram256, plain or oauth";
            case IllegalSaslStateException sasl ->
                "the broker does not ask here who we are (" + sasl.getMessage()
                        + "). Leave user and password out, or use the address where it asks";
            case SaslAuthenticationException sasl ->
                "the broker refused our credentials: " + sasl.getMessage()
                        + ". Check user and password (or the token), and whether this user exists for this mechanism";
            case TopicAuthorizationException topics ->
                "this user may not do that with topics " + topics.unauthorizedTopics()
                        + ". Give it the right (READ to consume, WRITE to publish), for example with admin().addAcls(..)";
            case GroupAuthorizationException group ->
                "this user may not be in group " + group.groupId()
                        + ". Give it the right (READ on the group), for example with admin().addAcls(..)";
            case ClusterAuthorizationException cluster ->
                "this user may not do that with the cluster: " + cluster.getMessage()
                        + " Give it the right (to publish: WRITE on a topic), or ask as a user who has it";
            default -> String.valueOf(why.getMessage());
        };
    }

    /** The JDK has no types for these; its words are the same since JDK 11. */
    private static String ofHandshake(String reason) {
        var words = reason.toLowerCase(Locale.ROOT);
        if (words.contains("certification path")
                || words.contains("trust anchor")
                || words.contains("path validation")) {
            return "the broker's certificate is signed by nobody we trust (" + reason
                    + "). Name the authority that signed it: Security.tls(trustStore, password)";
        }
        if (words.contains("subject alternative") || words.contains("no name matching")) {
            return "the broker's certificate is for another host (" + reason
                    + "). Connect by a name that is in it, or have one made with this name";
        }
        if (words.contains("fatal alert")) {
            return "the broker refused the TLS handshake (" + reason
                    + "). It may want a certificate that it trusts: Security.tls(..).keyStore(path)";
        }
        if (words.contains("unsupported or unrecognized")) {
            return "the broker does not speak TLS at this address (" + reason
                    + "). Use the address where it does, or Security.plaintext()";
        }
        return "the TLS handshake failed: " + reason;
    }

    /** The same kind of failure, with words that help. */
    static KafkaException explained(KafkaException why) {
        return switch (why) {
            case SslAuthenticationException tls -> new SslAuthenticationException(of(tls), tls);
            case UnsupportedSaslMechanismException sasl -> new UnsupportedSaslMechanismException(of(sasl), sasl);
            case IllegalSaslStateException sasl -> new IllegalSaslStateException(of(sasl), sasl);
            case SaslAuthenticationException sasl -> new SaslAuthenticationException(of(sasl), sasl);
            case AuthenticationException other -> new AuthenticationException(of(other), other);
            case ClusterAuthorizationException cluster -> new ClusterAuthorizationException(of(cluster), cluster);
            default -> why;
        };
    }

    /** A client could not even be made, for example for want of a store or a token. */
    static IllegalStateException notMade(String what, KafkaException why) {
        return new IllegalStateException(
                what + " cannot be made: " + innermost(why).getMessage() + " (" + why.getMessage() + ")", why);
    }

    private static Throwable innermost(Throwable why) {
        var at = why;
        for (var cause = at.getCause(); cause != null; cause = at.getCause()) {
            at = cause;
        }
        return at;
    }
}
