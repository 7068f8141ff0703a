package io.strandline;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gives kafka-clients the tokens of {@link Security#oauth}. Public because kafka-clients makes it, by its name; of no use
 * to anyone else.
 */
public final class OauthLogin implements AuthenticateCallbackHandler {
    /**
     * Where the supplier is in the configuration. kafka-clients shares a login, and so its token, among all clients whose
     * settings that begin with {@code sasl.} are equal: with this name two suppliers are two logins.
     */
    static final String TOKEN = "sasl.strandline.token";

    /** Of a token that does not say how long it lives. */
    static final Duration LIFE_UNLESS_SAID = Duration.ofMinutes(5);

    private static final String NOBODY = "unknown";

    private @Nullable Supplier<?> supplier;

    /** Made by kafka-clients. */
    public OauthLogin() {}

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        if (!(configs.get(TOKEN) instanceof Supplier<?> given)) {
            throw new IllegalArgumentException(
                    TOKEN + "=" + configs.get(TOKEN) + ": must be a Supplier of tokens; say Security.oauth(supplier)");
        }
        supplier = given;
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (var callback : callbacks) {
            if (!(callback instanceof OAuthBearerTokenCallback wanted)) {
                throw new UnsupportedCallbackException(callback); // kafka-clients goes on without
            }
            try {
                wanted.token(token());
            } catch (RuntimeException e) {
                // Thrown as it is, kafka-clients would keep it to itself.
                wanted.error("no_token", "No token for Security.oauth(..): " + e, null);
            }
        }
    }

    private Token token() {
        var text = supplier == null ? null : supplier.get();
        if (!(text instanceof String token) || token.isBlank()) {
            throw new IllegalStateException("the supplier gave none, but " + (text == null ? "null" : "a blank text"));
        }
        return read(token.strip(), Time.system().now());
    }

    /** @throws IllegalStateException if it is over already */
    static Token read(String token, Instant now) {
        var claims = claims(token);
        var expires = claims.flatMap(each -> time(each, "exp")).orElse(now.plus(LIFE_UNLESS_SAID));
        if (!expires.isAfter(now)) {
            throw new IllegalStateException(
                    "the supplier gave one that was good until " + expires + "; it is " + now + " now. It must ask the"
                            + " identity provider for a new one each time, or keep one only as long as it lives");
        }
        return new Token(
                token,
                claims.map(each -> each.path("sub").asString(NOBODY)).orElse(NOBODY),
                claims.flatMap(each -> time(each, "iat")).orElse(now).toEpochMilli(),
                expires.toEpochMilli());
    }

    /** What is between the dots of a JWT (RFC 7519); empty for any other token. The signature is the broker's to check. */
    private static Optional<JsonNode> claims(String token) {
        var parts = token.split("\\.", -1);
        if (parts.length != 3) {
            return Optional.empty();
        }
        try {
            var json = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
            return Optional.of(JsonMapper.shared().readTree(json)).filter(JsonNode::isObject);
        } catch (IllegalArgumentException | JacksonException e) {
            return Optional.empty(); // two dots by chance
        }
    }

    private static Optional<Instant> time(JsonNode claims, String name) {
        var seconds = claims.path(name);
        return seconds.isNumber() ? Optional.of(Instant.ofEpochSecond(seconds.asLong())) : Optional.empty();
    }

    @Override
    public void close() {}

    record Token(String value, String principalName, Long startTimeMs, long lifetimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        /** Without the token: this comes into logs. */
        @Override
        public String toString() {
            return "token of " + principalName + " until " + Instant.ofEpochMilli(lifetimeMs);
        }
    }
}
