package io.strandline.broker.net;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A socket that sends what the test says, well formed or not. Reading gives up after 30 seconds. */
public final class RawClient implements AutoCloseable {
    private final Socket socket = new Socket();
    private final DataOutputStream out;
    private final DataInputStream in;

    public RawClient(InetSocketAddress address) throws IOException {
        socket.connect(address, 30_000);
        socket.setSoTimeout(30_000);
        socket.setTcpNoDelay(true);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    public void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    public void sendLength(int length) throws IOException {
        out.writeInt(length);
        out.flush();
    }

    public void sendFrame(byte[] body) throws IOException {
        out.writeInt(body.length);
        send(body);
    }

    public byte[] receiveFrame() throws IOException {
        return in.readNBytes(in.readInt());
    }

    public boolean isClosedByServer() {
        try {
            return in.read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // reset
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
