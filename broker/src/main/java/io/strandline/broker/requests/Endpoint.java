package io.strandline.broker.requests;

import io.strandline.broker.config.InvalidSetting;

/** An address as told to clients. */
public record Endpoint(String host, int port) {
    /**
     * Reads {@code host:port} or {@code PLAINTEXT://host:port}; of a list the first, as all lead here.
     *
     * @throws InvalidSetting when it is neither
     */
    public static Endpoint parse(String text) {
        int comma = text.indexOf(',');
        var first = (comma < 0 ? text : text.substring(0, comma)).strip();
        int scheme = first.indexOf("://");
        var address = scheme < 0 ? first : first.substring(scheme + 3);
        int colon = address.lastIndexOf(':');
        if (colon < 0) {
            throw new InvalidSetting("'" + text + "' is no address: expected host:port or PLAINTEXT://host:port");
        }
        var host = address.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = Integer.parseInt(address.substring(colon + 1));
            if (port < 0 || port > 65_535) {
                throw new NumberFormatException("out of range");
            }
            return new Endpoint(host, port);
        } catch (NumberFormatException e) {
            throw new InvalidSetting("'" + address.substring(colon + 1) + "' in '" + text
                    + "' is no port: expected a number from 0 to 65535");
        }
    }
}
