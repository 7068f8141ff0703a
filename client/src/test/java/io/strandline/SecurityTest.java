package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;
import org.junit.jupiter.api.Test;

class SecurityTest {
    private static Map<String, ?> credentials(Security.Sasl sasl) {
        var line = new Password(String.valueOf(sasl.kafkaConfig().get("sasl.jaas.config")));
        AppConfigurationEntry entry = JaasContext.loadClientContext(Map.of("sasl.jaas.config", line))
                .configurationEntries()
                .getFirst();
        return entry.getOptions();
    }

    @Test
    void userAndPasswordArriveAsTheyAreWhateverIsInThem() {
        var user = "o'brien \"the\" \\ admin; = #1";
        var password = "a\"b\\c;d\ne\tf ü§€ {x=\"y\"}";
        assertThat(credentials(Security.scram512(user, password::toCharArray)))
                .isEqualTo(Map.of("username", user, "password", password));
        assertThat(credentials(Security.plain(user, password::toCharArray)))
                .isEqualTo(Map.of("username", user, "password", password));
    }

    @Test
    void aPasswordIsAskedForWhenAClientIsMadeAndIsInNoText() {
        var sasl = Security.scram256("me", () -> {
            throw new IllegalStateException("asked too early");
        });
        assertThat(sasl.toString()).contains("me");
        assertThat(Security.scram512("me", "secret"::toCharArray).toString()).doesNotContain("secret");
    }

    @Test
    void credentialsGoOverTlsUnlessToldOtherwise() {
        var sasl = Security.plain("me", "secret"::toCharArray);
        assertThat(sasl.kafkaConfig()).containsEntry("security.protocol", "SASL_SSL");
        assertThat(sasl.withoutTls().kafkaConfig()).containsEntry("security.protocol", "SASL_PLAINTEXT");
        assertThat(sasl.over(Security.tls(Path.of("ca.pem"), () -> new char[0])).kafkaConfig())
                .containsEntry("security.protocol", "SASL_SSL")
                .containsEntry("ssl.truststore.type", "PEM")
                .doesNotContainKey("ssl.truststore.password");
    }

    @Test
    void storesAreTakenForWhatTheirNamesSay() {
        var tls = Security.tls(Path.of("trust.p12"), "pass"::toCharArray).keyStore(Path.of("mine.jks"));
        assertThat(tls.kafkaConfig())
                .containsEntry("security.protocol", "SSL")
                .containsEntry("ssl.truststore.type", "PKCS12")
                .containsEntry("ssl.truststore.password", "pass")
                .containsEntry("ssl.keystore.type", "JKS")
                .containsEntry("ssl.key.password", "pass");
    }

    private static String jwt(String claims) {
        return "e30." + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(UTF_8)) + ".signature";
    }

    @Test
    void aTokenLivesAsLongAsItSaysAndElseFiveMinutes() {
        var now = Instant.parse("2026-11-27T12:00:00Z");
        var read = OauthLogin.read(jwt("{\"sub\":\"ann\",\"iat\":1795780000,\"exp\":1795784400}"), now);
        assertThat(read.principalName()).isEqualTo("ann");
        assertThat(read.startTimeMs()).isEqualTo(1_795_780_000_000L);
        assertThat(read.lifetimeMs()).isEqualTo(1_795_784_400_000L);
        for (var other : List.of("opaque", "a.b.c", jwt("[]"), jwt("{}"), jwt("{\"exp\":\"tomorrow\"}"))) {
            assertThat(OauthLogin.read(other, now).lifetimeMs())
                    .as(other)
                    .isEqualTo(now.plusSeconds(300).toEpochMilli());
            assertThat(OauthLogin.read(other, now).value()).isEqualTo(other);
        }
    }

    @Test
    void aTokenThatIsOverIsRefusedWithWhatToDoAndIsInNoText() {
        var now = Instant.ofEpochSecond(1_795_784_400);
        var over = jwt("{\"exp\":1795784400}");
        assertThatThrownBy(() -> OauthLogin.read(over, now))
                .hasMessageContaining("good until")
                .hasMessageContaining("ask the identity provider for a new one");
        assertThat(OauthLogin.read("secret", now).toString()).doesNotContain("secret");
        assertThat(Security.oauth(() -> "secret").toString()).doesNotContain("secret");
    }

    @Test
    void twoSuppliersOfTokensAreTwoLoginsToKafkaClients() {
        Supplier<String> one = () -> "one";
        Supplier<String> other = () -> "other";
        assertThat(logins(one)).isEqualTo(logins(one)).isNotEqualTo(logins(other));
        assertThat(Security.oauth(one).kafkaConfig()).containsEntry("security.protocol", "SASL_SSL");
        assertThat(Security.oauth(one).withoutTls().kafkaConfig()).containsEntry("security.protocol", "SASL_PLAINTEXT");
    }

    /** What it compares. */
    private static Map<String, Object> logins(Supplier<String> token) {
        return Security.oauth(token).kafkaConfig().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("sasl."))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
