package dev.glimpse.web;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.coyote.ActionCode;
import org.apache.coyote.Adapter;
import org.apache.coyote.ErrorState;
import org.apache.coyote.Processor;
import org.apache.coyote.Request;
import org.apache.coyote.Response;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 over connections that no client can hold for long by sending little. Tomcat alone limits only how long it waits for the
 * next bytes, and reads the rest of a refused body on a thread of its pool. Here
 *
 * <ul>
 *   <li>the line and headers of a request have to be complete within a time, counted from the connection's beginning or the end of
 *       the request before, idle time included; the time is short while most connections are taken;
 *   <li>a body that nobody has read is not read: the server says {@code Connection: close}, ends its side of the connection, and for
 *       a second throws away what comes, without a thread that waits for it, so that a client that is still sending reads the
 *       answer;
 *   <li>an answer has to be read at a pace, on the average since its first byte, or its connection is closed;
 *   <li>one client has a limited number of connections;
 *   <li>a client that begins with HTTP/2 is told that it is not spoken here, and one that asks what the server can do ({@code OPTIONS *})
 *       is told what is true of ours: Tomcat says nothing to the one, and names its own methods to the other.
 * </ul>
 *
 * <p>Public, as Tomcat makes it by its name.
 */
public final class BoundedProtocol extends Http11NioProtocol {
    /** Beyond it what comes is left in the network, and no longer thrown away. */
    static final int MOST_THROWN_AWAY = 16 << 20;

    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** While most connections are taken, so that new ones find a place. */
    private static final long CROWDED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long SWEEP_MILLIS = 250;

    /** Of the whole API. */
    private static final String METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";

    private final BoundedEndpoint endpoint;
    private @Nullable ScheduledFuture<?> sweeps;

    public BoundedProtocol() {
        this(new BoundedEndpoint());
    }

    private BoundedProtocol(BoundedEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    /** @param time in which the line and headers of a request have to come, before the server is started */
    void setHeadTime(Duration time) {
        endpoint.headNanos = time.toNanos();
    }

    /**
     * Limits how slowly answers are read, before the server is started.
     *
     * @param bytesPerSecond on the average since an answer's first byte, which what the system keeps for the client counts for
     * @param grace at the beginning, in which any rate will do
     */
    void setSlowestReader(long bytesPerSecond, Duration grace) {
        endpoint.bytesPerSecond = bytesPerSecond;
        endpoint.graceNanos = grace.toNanos();
    }

    /**
     * Limits the connections of each client, before the server is started.
     *
     * @param client names the client of an address; empty if its connections are not counted
     * @param most connections of one client; further ones are closed at once
     */
    void setConnections(Function<InetAddress, Optional<String>> client, int most) {
        endpoint.client = client;
        endpoint.mostOfOne = most;
    }

    @Override
    public void setAdapter(Adapter adapter) {
        super.setAdapter(new NoteTaker(adapter));
    }

    @Override
    protected Processor createProcessor() {
        return new Http11Processor(this, getAdapter()) {
            @Override
            public SocketState service(SocketWrapperBase<?> socket) throws IOException {
                SocketState state = super.service(socket);
                return state == SocketState.UPGRADING && getUpgradeToken() == null ? refuseHttp2() : state;
            }

            private SocketState refuseHttp2() {
                response.setStatus(HttpServletResponse.SC_HTTP_VERSION_NOT_SUPPORTED);
                setErrorState(ErrorState.CLOSE_CLEAN, null);
                try {
                    getAdapter().service(request, response);
                } catch (Exception e) {
                    getLog().debug("no problem sent", e);
                }
                return SocketState.CLOSED;
            }
        };
    }

    @Override
    public void start() throws Exception {
        super.start();
        sweeps = getUtilityExecutor()
                .scheduleWithFixedDelay(endpoint::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void stop() throws Exception {
        if (sweeps != null) {
            sweeps.cancel(false);
        }
        super.stop();
    }

    /** One connection. Its fields are written by whoever holds the lock of its socket. */
    private static final class Connection {
        final @Nullable String client;

        /** Null for an instant at the beginning. */
        volatile @Nullable SocketWrapperBase<NioChannel> socket;

        /** Since when a request, or in lingering the end, is waited for. */
        volatile long since = System.nanoTime();

        @Nullable PacedChannel channel;

        boolean served;
        boolean unread;
        boolean lingering;
        int thrownAway;

        Connection(@Nullable String client) {
            this.client = client;
        }
    }

    /** Notes on the connection of this thread that a request was served, and whether its body was read. */
    private static final class NoteTaker implements Adapter {
        private static final ThreadLocal<@Nullable Connection> current = new ThreadLocal<>();

        private final Adapter adapter;

        NoteTaker(Adapter adapter) {
            this.adapter = adapter;
        }

        @Override
        public void service(Request request, Response response) throws Exception {
            Connection connection = current.get();
            if (connection != null) {
                connection.served = true;
                if (connection.channel != null) {
                    connection.channel.beginAnswer();
                }
            }
            if ("OPTIONS".equals(request.getMethod()) && request.requestURI().equals("*")) {
                tellWhatTheServerCan(request, response);
            } else {
                adapter.service(request, response);
            }
            if (!is(request, ActionCode.ASYNC_IS_ASYNC) && !is(request, ActionCode.REQUEST_BODY_FULLY_READ)) {
                if (connection != null) {
                    connection.unread = true;
                }
                // Or this thread would read the rest, as slowly as it comes.
                request.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
            }
        }

        private static void tellWhatTheServerCan(Request request, Response response) {
            response.setHeader("Allow", METHODS);
            response.setHeader(
                    HeadersFilter.REQUEST_ID, HeadersFilter.requestId(request.getHeader(HeadersFilter.REQUEST_ID)));
            HeadersFilter.protect(response::setHeader, "");
            response.setContentLength(0);
        }

        private static boolean is(Request request, ActionCode question) {
            AtomicBoolean answer = new AtomicBoolean();
            request.action(question, answer);
            return answer.get();
        }

        @Override
        public boolean prepare(Request request, Response response) throws Exception {
            return adapter.prepare(request, response);
        }

        @Override
        public boolean asyncDispatch(Request request, Response response, SocketEvent status) throws Exception {
            return adapter.asyncDispatch(request, response, status);
        }

        @Override
        public void log(Request request, Response response, long time) {
            adapter.log(request, response, time);
        }

        @Override
        public void checkRecycled(Request request, Response response) {
            adapter.checkRecycled(request, response);
        }

        @Override
        public String getDomain() {
            return adapter.getDomain();
        }
    }

    private static final class BoundedEndpoint extends NioEndpoint {
        private final Map<SocketChannel, Connection> open = new ConcurrentHashMap<>();
        private final Map<String, Integer> counts = new ConcurrentHashMap<>();

        private long headNanos = TimeUnit.SECONDS.toNanos(20);
        private long bytesPerSecond;
        private long graceNanos = Long.MAX_VALUE;
        private Function<InetAddress, Optional<String>> client = address -> Optional.empty();
        private int mostOfOne = Integer.MAX_VALUE;

        @Override
        public void setHandler(Handler<NioChannel> handler) {
            super.setHandler(new Watch(handler));
        }

        @Override
        protected boolean setSocketOptions(SocketChannel socket) {
            String name = clientOf(socket);
            if (name != null && counts.merge(name, 1, Integer::sum) > mostOfOne) {
                forget(name);
                destroySocket(socket);
                return false;
            }
            Connection connection = new Connection(name);
            open.put(socket, connection);
            if (super.setSocketOptions(socket)) {
                connection.socket = connections.get(socket);
                return true;
            }
            end(open.remove(socket));
            return false;
        }

        @Override
        protected NioChannel createChannel(SocketBufferHandler buffer) {
            return isSSLEnabled() ? super.createChannel(buffer) : new PacedChannel(buffer, bytesPerSecond, graceNanos);
        }

        private @Nullable String clientOf(SocketChannel socket) {
            try {
                SocketAddress address = socket.getRemoteAddress();
                return address instanceof InetSocketAddress internet
                        ? client.apply(internet.getAddress()).orElse(null)
                        : null;
            } catch (IOException e) {
                return null; // closed already, as whoever uses it will find
            }
        }

        private void end(@Nullable Connection connection) {
            if (connection != null && connection.client != null) {
                forget(connection.client);
            }
        }

        private void forget(String name) {
            counts.computeIfPresent(name, (same, count) -> count == 1 ? null : count - 1);
        }

        /** Closes the connections whose time is over, except those in whose requests a thread is at work. */
        void sweep() {
            long now = System.nanoTime();
            boolean crowded = getMaxConnections() > 0 && open.size() > getMaxConnections() / 4 * 3;
            long patience = crowded ? Math.min(CROWDED_NANOS, headNanos) : headNanos;
            for (Connection connection : open.values()) {
                SocketWrapperBase<NioChannel> socket = connection.socket;
                if (socket != null && now - connection.since > Math.min(patience, LINGER_NANOS)) {
                    closeLate(connection, socket, now, patience);
                }
            }
        }

        private void closeLate(Connection connection, SocketWrapperBase<NioChannel> socket, long now, long patience) {
            if (socket.getLock().tryLock()) {
                try {
                    long limit = connection.lingering ? LINGER_NANOS : patience;
                    boolean atWork = !connection.lingering && isAsync(socket);
                    if (now - connection.since > limit && !atWork) {
                        socket.close();
                    }
                } finally {
                    socket.getLock().unlock();
                }
            }
        }

        private static boolean isAsync(SocketWrapperBase<NioChannel> socket) {
            return socket.getCurrentProcessor() instanceof org.apache.coyote.Processor processor && processor.isAsync();
        }

        /** Stands between a connection and Tomcat's handler of it. */
        private final class Watch implements Handler<NioChannel> {
            private final Handler<NioChannel> handler;

            Watch(Handler<NioChannel> handler) {
                this.handler = handler;
            }

            @Override
            public SocketState process(SocketWrapperBase<NioChannel> socket, SocketEvent event) {
                Connection connection = open.get(socket.getSocket().getIOChannel());
                if (connection == null) {
                    return handler.process(socket, event);
                }
                if (connection.lingering) {
                    return event == SocketEvent.OPEN_READ ? throwAway(connection, socket) : SocketState.CLOSED;
                }
                connection.channel = socket.getSocket() instanceof PacedChannel paced ? paced : null;
                connection.served = false;
                connection.unread = false;
                NoteTaker.current.set(connection);
                SocketState state;
                try {
                    state = handler.process(socket, event);
                } finally {
                    NoteTaker.current.remove();
                }
                if (connection.served) {
                    connection.since = System.nanoTime();
                }
                return state == SocketState.CLOSED && connection.unread ? linger(connection, socket) : state;
            }

            /** Tells the client that no more comes, and goes on to take what it sends: else what it has not yet read is lost. */
            private SocketState linger(Connection connection, SocketWrapperBase<NioChannel> socket) {
                try {
                    socket.getSocket().getIOChannel().shutdownOutput();
                } catch (IOException e) {
                    return SocketState.CLOSED;
                }
                connection.lingering = true;
                return throwAway(connection, socket);
            }

            /** Reads what is there and does not wait for more. */
            private SocketState throwAway(Connection connection, SocketWrapperBase<NioChannel> socket) {
                ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
                try {
                    int read = 1;
                    while (read > 0 && connection.thrownAway < MOST_THROWN_AWAY) {
                        buffer.clear();
                        read = socket.getSocket().getIOChannel().read(buffer);
                        connection.thrownAway += Math.max(0, read);
                    }
                    if (read < 0 || System.nanoTime() - connection.since > LINGER_NANOS) {
                        return SocketState.CLOSED;
                    }
                } catch (IOException e) {
                    return SocketState.CLOSED; // reset by the client, which has what it wanted
                }
                if (connection.thrownAway < MOST_THROWN_AWAY) {
                    socket.registerReadInterest();
                }
                return SocketState.LONG;
            }

            @Override
            public void release(SocketWrapperBase<NioChannel> socket) {
                SocketChannel channel = socket.getSocket().getIOChannel();
                if (channel != null) {
                    end(open.remove(channel));
                }
                handler.release(socket);
            }

            @Override
            public Object getGlobal() {
                return handler.getGlobal();
            }

            @Override
            public void pause() {
                handler.pause();
            }

            @Override
            public void recycle() {
                handler.recycle();
            }
        }
    }
}
