package io.strandline;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/**
 * Looks why brokers do not answer: kafka-clients tries again for ever, and says the same whether nobody listens, or
 * somebody who speaks TLS to us who do not. Sends nothing but the beginning of a TLS handshake.
 */
final class Probe {
    private static final Duration ANSWER_WAIT = Duration.ofSeconds(1);

    private final List<String> addresses;
    private final boolean tls;
    private final boolean sasl;

    /** @param protocol what we speak, by its name in kafka-clients, such as {@code SASL_SSL} */
    Probe(String bootstrap, String protocol) {
        addresses = Stream.of(bootstrap.split(",")).map(String::strip).toList();
        tls = protocol.endsWith("SSL");
        sasl = protocol.startsWith("SASL");
    }

    /**
     * What was found.
     *
     * @param forGood it will not mend itself
     */
    record Finding(String text, boolean forGood) {}

    /** Of the first address where something is found out; takes about a second for each that is silent. */
    Optional<Finding> look() {
        return addresses.stream().flatMap(address -> look(address).stream()).findFirst();
    }

    private Optional<Finding> look(String address) {
        int colon = address.lastIndexOf(':');
        try {
            var host = address.substring(0, Math.max(0, colon));
            var at = new InetSocketAddress(
                    InetAddress.getByName(host.replaceAll("[\\[\\]]", "")),
                    Integer.parseInt(address.substring(colon + 1)));
            return Optional.of(look(address, at));
        } catch (UnknownHostException e) {
            return Optional.of(new Finding("the host of " + address + " is not known", false));
        } catch (SocketTimeoutException e) {
            return Optional.of(new Finding(address + " does not answer", false));
        } catch (IOException e) {
            return Optional.of(new Finding("nothing listens at " + address + " (" + e.getMessage() + ")", false));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // no address; kafka-clients has refused it in its own words
        }
    }

    private Finding look(String address, InetSocketAddress at) throws IOException {
        boolean speaksTls = speaksTls(at);
        if (speaksTls && !tls) {
            return new Finding(
                    address + " speaks TLS, and we do not: say security(Security.tls(..)), or with a user"
                            + " Security.scram512(..) and the like",
                    true);
        }
        if (!speaksTls && tls) {
            return new Finding(
                    address + " does not seem to speak TLS, and we do: use the address where it does, or leave TLS out"
                            + " (Security.plaintext(), withoutTls())",
                    false); // so it looks as well while a broker stands behind a door and is not up yet
        }
        return new Finding(
                address + " takes connections and does not answer us"
                        + (sasl ? "" : "; it may ask for a user: Security.scram512(user, password), plain or oauth"),
                false);
    }

    private static boolean speaksTls(InetSocketAddress at) throws IOException {
        try (var plain = new Socket()) {
            plain.connect(at, (int) ANSWER_WAIT.toMillis());
            plain.setSoTimeout((int) ANSWER_WAIT.toMillis());
            try (var socket = (SSLSocket) SSLContext.getDefault()
                    .getSocketFactory()
                    .createSocket(plain, at.getHostString(), at.getPort(), true)) {
                socket.startHandshake();
                return true;
            } catch (SocketTimeoutException e) {
                throw e; // it says nothing at all, in whatever language
            } catch (SSLException e) {
                // It gave a certificate that we need not trust here, or said in TLS that it will not talk to us.
                return e.getCause() instanceof GeneralSecurityException
                        || String.valueOf(e.getMessage()).contains("fatal alert");
            } catch (IOException e) {
                return false; // hung up, or waits for more of what it takes for a request
            }
        } catch (GeneralSecurityException e) {
            throw new IOException("this JVM has no TLS", e);
        }
    }
}
