package io.strandline;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** How connections are protected, and who we say we are. Passwords are asked for when a client is made, not kept here. */
public sealed interface Security {
    /** What kafka-clients is to be told. */
    Map<String, Object> kafkaConfig();

    /** Neither encrypted nor authenticated: for one machine or a closed network. */
    record Plaintext() implements Security {
        @Override
        public Map<String, Object> kafkaConfig() {
            return Map.of("security.protocol", "PLAINTEXT");
        }
    }

    /**
     * Encrypted; the broker proves who it is, and with a key store so do we.
     *
     * @param trustStore whom to believe; empty: the certificate authorities of the JVM
     * @param keyStore who we are; empty: nobody in particular
     * @param password of both stores and the key; not asked for where a store is a {@code .pem} file
     */
    record Tls(Optional<Path> trustStore, Optional<Path> keyStore, Supplier<char[]> password) implements Security {
        @Override
        public Map<String, Object> kafkaConfig() {
            var config = new HashMap<String, Object>();
            config.put("security.protocol", "SSL");
            trustStore.ifPresent(store -> put(config, "ssl.truststore", store));
            keyStore.ifPresent(store -> {
                put(config, "ssl.keystore", store);
                if (!isPem(store)) {
                    config.put("ssl.key.password", text(password));
                }
            });
            return config;
        }

        private void put(Map<String, Object> config, String name, Path store) {
            config.put(name + ".location", store.toAbsolutePath().toString());
            config.put(name + ".type", type(store));
            if (!isPem(store)) {
                config.put(name + ".password", text(password));
            }
        }

        private static String type(Path store) {
            var name = store.toString().toLowerCase(Locale.ROOT);
            return isPem(store) ? "PEM" : name.endsWith(".jks") ? "JKS" : "PKCS12";
        }

        private static boolean isPem(Path store) {
            return store.toString().toLowerCase(Locale.ROOT).endsWith(".pem");
        }

        public Tls keyStore(Path store) {
            return new Tls(trustStore, Optional.of(store), password);
        }
    }

    /**
     * User and password.
     *
     * @param mechanism {@code SCRAM-SHA-512}, {@code SCRAM-SHA-256} or {@code PLAIN}
     * @param tls empty: the connection is not encrypted; PLAIN then sends the password for all to read
     */
    record Sasl(String mechanism, String user, Supplier<char[]> password, Optional<Tls> tls) implements Security {
        @Override
        public Map<String, Object> kafkaConfig() {
            var config = new HashMap<String, Object>();
            tls.ifPresent(encryption -> config.putAll(encryption.kafkaConfig()));
            config.put("security.protocol", tls.isPresent() ? "SASL_SSL" : "SASL_PLAINTEXT");
            config.put("sasl.mechanism", mechanism);
            config.put(
                    "sasl.jaas.config",
                    loginModule() + " required username=" + quoted(user) + " password=" + quoted(text(password)) + ";");
            return config;
        }

        private String loginModule() {
            return mechanism.equals("PLAIN")
                    ? "org.apache.kafka.common.security.plain.PlainLoginModule"
                    : "org.apache.kafka.common.security.scram.ScramLoginModule";
        }

        /** As the parser of JAAS configurations wants it, which reads escapes as Java does. */
        private static String quoted(String text) {
            return '"'
                    + text.replace("\\", "\\\\")
                            .replace("\"", "\\\"")
                            .replace("\n", "\\n")
                            .replace("\r", "\\r")
                    + '"';
        }

        /** The certificate of the broker is checked against this. */
        public Sasl over(Tls encryption) {
            return new Sasl(mechanism, user, password, Optional.of(encryption));
        }

        public Sasl withoutTls() {
            return new Sasl(mechanism, user, password, Optional.empty());
        }
    }

    /**
     * A token of an identity provider (OAUTHBEARER, RFC 7628).
     *
     * @param token asked whenever a token is needed: when the first client of a {@link Kafka} is made, and again when four
     *     fifths of the last one's life are over. Called by one thread at a time and may block; what it throws is told to
     *     who makes the client, later it is logged and asked again. The life of a JWT is what it says ({@code exp}); any
     *     other token counts as good for 5 minutes
     * @param tls empty: the connection is not encrypted, so everyone on the way can read the token and use it
     */
    record Oauth(Supplier<String> token, Optional<Tls> tls) implements Security {
        @Override
        public Map<String, Object> kafkaConfig() {
            var config = new HashMap<String, Object>();
            tls.ifPresent(encryption -> config.putAll(encryption.kafkaConfig()));
            config.put("security.protocol", tls.isPresent() ? "SASL_SSL" : "SASL_PLAINTEXT");
            config.put("sasl.mechanism", "OAUTHBEARER");
            config.put(
                    "sasl.jaas.config",
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;");
            config.put("sasl.login.callback.handler.class", OauthLogin.class);
            config.put(OauthLogin.TOKEN, token);
            return config;
        }

        /** The certificate of the broker is checked against this. */
        public Oauth over(Tls encryption) {
            return new Oauth(token, Optional.of(encryption));
        }

        public Oauth withoutTls() {
            return new Oauth(token, Optional.empty());
        }
    }

    static Plaintext plaintext() {
        return new Plaintext();
    }

    /** Believes the certificate authorities of the JVM. */
    static Tls tls() {
        return new Tls(Optional.empty(), Optional.empty(), () -> new char[0]);
    }

    /** Believes those in this store: {@code .pem}, {@code .jks}, else PKCS12. */
    static Tls tls(Path trustStore, Supplier<char[]> password) {
        return new Tls(Optional.of(trustStore), Optional.empty(), password);
    }

    /** Over TLS; the broker need not know the password itself. */
    static Sasl scram512(String user, Supplier<char[]> password) {
        return new Sasl("SCRAM-SHA-512", user, password, Optional.of(tls()));
    }

    static Sasl scram256(String user, Supplier<char[]> password) {
        return new Sasl("SCRAM-SHA-256", user, password, Optional.of(tls()));
    }

    static Sasl plain(String user, Supplier<char[]> password) {
        return new Sasl("PLAIN", user, password, Optional.of(tls()));
    }

    /** Over TLS, with a token of an identity provider; see {@link Oauth}. */
    static Oauth oauth(Supplier<String> token) {
        return new Oauth(token, Optional.of(tls()));
    }

    private static String text(Supplier<char[]> password) {
        return new String(password.get());
    }
}
