package io.strandline.broker.net;

import io.strandline.storage.Time;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One client. The reader starts its requests in order of arrival and goes on while they wait for the disk; the writer answers
 * in the same order (W18). So a producer with five requests in flight gets all five into one commit.
 *
 * <p>The reader answers by itself what is ready at once while nothing is owed; the writer's thread exists from the first
 * reply that has to wait. Neither is ever interrupted: both touch files. To end a connection its socket is closed.
 */
final class Connection {
    private static final int OWED_MAX = 128;
    private static final int WRITTEN_TOGETHER_MAX = 32;
    /** A request must make progress; the slowest client that is waited for sends this many bytes in a second. */
    private static final long SLOWEST_BYTES_PER_SECOND = 64 * 1024;

    /** Who keeps others waiting for memory with half a request must at least keep sending. */
    private static final long SILENCE_WHILE_OTHERS_WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long NO_FRAME = Long.MAX_VALUE;

    private static final System.Logger LOG = System.getLogger("io.strandline.broker");

    private final SocketChannel socket;
    private final Session session;
    private final RequestStarter requests;
    private final Complaints complaints;
    private final ConnectionThreads threads;
    private final Time time;
    private final Frames frames;
    private final RequestMemory memory;
    private final Replies replies = new Replies(OWED_MAX);
    private final Consumer<Connection> whenClosed;

    private volatile long movedAtNanos;
    private volatile long frameDueAtNanos = NO_FRAME;
    private volatile boolean writing;
    /** Nothing more will be read: the client has hung up or we are stopping. */
    private volatile boolean inputEnded;

    private boolean writerStarted; // only the reader asks

    Connection(SocketChannel socket, Session session, Listener.Shared shared, Consumer<Connection> whenClosed) {
        this.socket = socket;
        this.session = session;
        this.requests = shared.requests();
        this.complaints = shared.complaints();
        this.threads = shared.threads();
        this.time = shared.time();
        this.whenClosed = whenClosed;
        this.memory = shared.memory();
        this.movedAtNanos = time.nanos();
        this.frames =
                new Frames(socket, shared.settings().requestBytesMax(), shared.memory(), new Watch(shared.settings()));
    }

    /** The reader's whole life. */
    void run() {
        try {
            readRequests();
            inputEnded = true;
            replies.end();
            replies.wakeWriter(); // what waits for something that may never come is not waited for any more
        } catch (BadFrame e) {
            complaints.warn(
                    "frame " + session.remote().getAddress(), session + ": connection closed. " + e.getMessage());
            close();
        } catch (EOFException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": " + e.getMessage());
            close();
        } catch (IOException e) {
            // The socket broke or was closed by us: there is nobody left to tell.
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": " + e);
            close();
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.ERROR, session + ": connection closed after an error of the broker", e);
            close();
        } finally {
            if (!writerStarted) {
                close();
                whenClosed.accept(this);
            }
        }
    }

    private void readRequests() throws IOException {
        while (!inputEnded && frames.next() instanceof Frame frame) {
            var reply = start(frame);
            if (replies.isEmpty() && reply.ready()) {
                write(List.of(reply)); // nobody is before it
            } else if (!owe(reply) || reply.hangsUp()) {
                return;
            }
        }
    }

    private Pending start(Frame frame) {
        try {
            return requests.start(frame.bytes(), session);
        } finally {
            frame.claim().release();
        }
    }

    private boolean owe(Pending reply) {
        if (!replies.put(reply)) {
            return false;
        }
        if (!writerStarted) {
            threads.start("strandline-writer-" + session.id(), this::runWriter);
            writerStarted = true; // from here on the writer ends the connection; without one the reader does
        }
        return !reply.barrier() || replies.awaitEmpty();
    }

    private void runWriter() {
        try {
            writeReplies();
        } catch (IOException e) {
            // The client is gone or reads nothing: what it is owed cannot be delivered.
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": " + e);
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.ERROR, session + ": connection closed after an error of the broker", e);
        } finally {
            close();
            whenClosed.accept(this);
        }
    }

    private void writeReplies() throws IOException {
        while (replies.first() instanceof Pending first) {
            if (!replies.awaitReady(first, time, () -> inputEnded && first.droppable())) {
                return;
            }
            var ready = replies.ready(WRITTEN_TOGETHER_MAX);
            write(ready);
            replies.written(ready.size());
        }
    }

    private void write(List<Pending> ready) throws IOException {
        writing = true;
        movedAtNanos = time.nanos();
        var answers = new ArrayList<Reply>(ready.size());
        try {
            for (var reply : ready) {
                switch (reply.take()) {
                    case Outcome.Answer answer -> answers.add(answer.reply());
                    case Outcome.Silence silence -> {}
                    case Outcome.HangUp hangUp -> {
                        Reply.write(answers, socket); // what was asked before is answered
                        complaints.warn(
                                "hangup " + session.remote().getAddress(),
                                session + ": connection closed. " + hangUp.reason());
                        throw new ClosedChannelException();
                    }
                }
            }
            Reply.write(answers, socket);
        } finally {
            writing = false;
            movedAtNanos = time.nanos();
        }
    }

    /** Hangs up at once. May be called from any thread, more than once. */
    void close() {
        replies.discard();
        frames.abandon();
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": closing the socket failed: " + e);
        }
    }

    /** Reads nothing more and hangs up as soon as what is owed has been written. */
    void stop() {
        inputEnded = true;
        try {
            socket.shutdownInput();
        } catch (IOException e) {
            // Closed already: then there is nothing to stop.
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": " + e);
        }
        frames.abandon();
        replies.wakeWriter();
    }

    /** Hangs up when the client has been silent for too long, within a request or between two. */
    void closeIfSilent(long nowNanos, long idleNanosMax) {
        long silent = nowNanos - movedAtNanos;
        long due = frameDueAtNanos;
        boolean within = due != NO_FRAME;
        if (within && (nowNanos - due > 0 || (silent > SILENCE_WHILE_OTHERS_WAIT_NANOS && memory.contended()))) {
            complaints.warn(
                    "half " + session.remote().getAddress(),
                    session + ": connection closed. The rest of a request did not arrive in time");
            close();
        } else if (silent > idleNanosMax && (writing || replies.isEmpty())) {
            LOG.log(System.Logger.Level.DEBUG, () -> session + ": idle, closed (connections.max.idle.ms)");
            close();
        }
    }

    private final class Watch implements Frames.Progress {
        private final long patienceNanos;

        private Watch(NetSettings settings) {
            this.patienceNanos = settings.requestPatience().toNanos();
        }

        @Override
        public void begun(int length) {
            long transferNanos = length * 1_000_000_000L / SLOWEST_BYTES_PER_SECOND;
            frameDueAtNanos = time.nanos() + patienceNanos + transferNanos;
        }

        @Override
        public void moved() {
            movedAtNanos = time.nanos();
        }

        @Override
        public void ended() {
            frameDueAtNanos = NO_FRAME;
        }
    }
}
