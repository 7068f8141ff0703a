package io.strandline.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Two parties with a key and a certificate each, made anew: a broker named localhost, and a client. */
record Certificates(Path folder) {
    static final String PASSWORD = "change-it";
    private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[] {'\n'});

    static Certificates make(Path folder) {
        var made = new Certificates(folder);
        made.key("broker", "CN=localhost", "-ext", "SAN=dns:localhost");
        made.key("client", "CN=client");
        return made;
    }

    private void key(String name, String subject, String... more) {
        var command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                "2"));
        command.addAll(List.of("-alias", name, "-dname", subject, "-storetype", "PKCS12"));
        command.addAll(List.of("-keystore", keyStore(name).toString(), "-storepass", PASSWORD));
        command.addAll(List.of(more));
        Child.program("keytool", command, Map.of())
                .await(Duration.ofSeconds(60))
                .orThrow();
    }

    /** PKCS12, with key and certificate. */
    Path keyStore(String name) {
        return folder.resolve(name + ".p12");
    }

    /** Key and certificate as text. */
    Path pemKeyStore(String name) {
        try {
            var store = load(name);
            var key = store.getKey(name, PASSWORD.toCharArray()).getEncoded();
            return write(name + "-key.pem", pem("PRIVATE KEY", key) + certificateText(store.getCertificate(name)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whom to believe: this one alone; {@code type} is PKCS12, JKS or PEM. */
    Path trustIn(String name, String type) {
        try {
            var certificate = load(name).getCertificate(name);
            if (type.equals("PEM")) {
                return write(name + "-trust.pem", certificateText(certificate));
            }
            var store = KeyStore.getInstance(type);
            store.load(null, null);
            store.setCertificateEntry(name, certificate);
            var file = folder.resolve(name + (type.equals("JKS") ? "-trust.jks" : "-trust.p12"));
            try (var out = Files.newOutputStream(file)) {
                store.store(out, PASSWORD.toCharArray());
            }
            return file;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private KeyStore load(String name) {
        try {
            return KeyStore.getInstance(keyStore(name).toFile(), PASSWORD.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String certificateText(Certificate certificate) throws GeneralSecurityException {
        return pem("CERTIFICATE", certificate.getEncoded());
    }

    private static String pem(String what, byte[] bytes) {
        return "-----BEGIN " + what + "-----\n" + PEM.encodeToString(bytes) + "\n-----END " + what + "-----\n";
    }

    private Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
