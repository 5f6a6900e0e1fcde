package dev.glimpse.web;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.springframework.http.HttpStatus;

/**
 * Shares out the threads that answer requests: some are kept for those who ask whether the server is well, and half of all read
 * bodies at most, so that clients that send slowly leave the others to searches. Requests beyond end with 503 at once.
 */
final class ThreadShares extends ValveBase {
    /** Methods whose bodies mean nothing. */
    private static final Set<String> BODILESS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

    private final Semaphore requests;
    private final Semaphore bodies;

    /** @param threads that there are; 4 or more */
    ThreadShares(int threads) {
        super(true);
        this.requests = new Semaphore(threads - Math.max(1, threads / 10));
        this.bodies = new Semaphore(threads / 2);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        if (AccessFilter.asksForHealth(request)) {
            invokeWithoutBody(request, response);
            return;
        }
        if (!requests.tryAcquire()) {
            refuse(response);
            return;
        }
        try {
            if (!hasBody(request)) {
                getNext().invoke(request, response);
            } else if (BODILESS.contains(request.getMethod())) {
                invokeWithoutBody(request, response);
            } else {
                invokeWithBody(request, response);
            }
        } finally {
            requests.release();
        }
    }

    /** Hides the body: Spring's endpoints wait for one even where they have no use for it. */
    private void invokeWithoutBody(Request request, Response response) throws IOException, ServletException {
        org.apache.coyote.Request coyote = request.getCoyoteRequest();
        InputBuffer connection = coyote.getInputBuffer();
        coyote.setInputBuffer(new NoBody());
        try {
            getNext().invoke(request, response);
        } finally {
            coyote.setInputBuffer(connection);
        }
    }

    private static final class NoBody implements InputBuffer {
        @Override
        public int doRead(ApplicationBufferHandler handler) {
            if (handler.getByteBuffer() != null) {
                handler.getByteBuffer().position(0).limit(0);
            }
            return -1;
        }

        @Override
        public int available() {
            return 0;
        }
    }

    private static boolean hasBody(Request request) {
        return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
    }

    private void invokeWithBody(Request request, Response response) throws IOException, ServletException {
        if (!bodies.tryAcquire()) {
            refuse(response);
            return;
        }
        org.apache.coyote.Request coyote = request.getCoyoteRequest();
        InputBuffer connection = coyote.getInputBuffer();
        Counted counted = new Counted(connection, request.getContentLengthLong());
        // The connection's own comes back for the next request on it.
        coyote.setInputBuffer(counted);
        try {
            getNext().invoke(request, response);
        } finally {
            coyote.setInputBuffer(connection);
            counted.end();
        }
    }

    private static void refuse(Response response) throws IOException {
        response.setHeader("Retry-After", "1");
        response.sendError(HttpStatus.SERVICE_UNAVAILABLE.value());
    }

    /** Gives the place back when the body has been read. For one thread at a time. */
    private final class Counted implements InputBuffer {
        private final InputBuffer body;
        private long missing;
        private boolean ended;

        /** @param length -1 if it is not known beforehand */
        Counted(InputBuffer body, long length) {
            this.body = body;
            this.missing = length < 0 ? Long.MAX_VALUE : length;
        }

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            int read = body.doRead(handler);
            missing -= Math.max(0, read);
            if (read < 0 || missing <= 0) {
                end();
            }
            return read;
        }

        @Override
        public int available() {
            return body.available();
        }

        void end() {
            if (!ended) {
                ended = true;
                bodies.release();
            }
        }
    }
}
