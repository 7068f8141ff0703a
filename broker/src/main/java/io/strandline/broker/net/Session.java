package io.strandline.broker.net;

import java.net.InetSocketAddress;

/** What is known about the other end of a connection. One for each connection; handlers read it on the reader's thread. */
public final class Session {
    private final String id;
    private final InetSocketAddress remote;
    private final InetSocketAddress local;
    private volatile String clientId = "";
    private volatile String software = "";

    /**
     * @param id names the connection in the log
     * @param remote the client's address
     * @param local the address on which the client reached us: what it is told to come back to unless configured otherwise
     */
    public Session(String id, InetSocketAddress remote, InetSocketAddress local) {
        this.id = id;
        this.remote = remote;
        this.local = local;
    }

    public String id() {
        return id;
    }

    public InetSocketAddress remote() {
        return remote;
    }

    public InetSocketAddress local() {
        return local;
    }

    /** The client id of the latest request; empty when the client gives none. */
    public String clientId() {
        return clientId;
    }

    /** See {@link #clientId()}. */
    public void clientId(String given) {
        clientId = given;
    }

    /** Name and version of the client library as told by ApiVersions (KIP-511); empty when unknown. */
    public String software() {
        return software;
    }

    /** See {@link #software()}. */
    public void software(String nameAndVersion) {
        software = nameAndVersion;
    }

    @Override
    public String toString() {
        var named = clientId.isEmpty() ? "a client without client id" : "client '" + clientId + "'";
        return named + " at " + remote.getHostString() + ":" + remote.getPort();
    }
}
