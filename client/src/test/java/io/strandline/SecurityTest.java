package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
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
}
