package dev.glimpse.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/**
 * Ends requests whose bodies come too slowly: a client that sends a byte now and then would hold a thread for as long as it
 * likes. Tomcat itself limits only how long it waits for the next bytes.
 */
final class SlowUploads extends ValveBase {
    private final long bytesPerSecond;
    private final long graceNanos;

    /**
     * @param bytesPerSecond on the average since the request began, or it ends with a {@link SocketTimeoutException}
     * @param grace at the beginning, in which any rate will do
     */
    SlowUploads(long bytesPerSecond, Duration grace) {
        super(true);
        this.bytesPerSecond = bytesPerSecond;
        this.graceNanos = grace.toNanos();
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        org.apache.coyote.Request coyote = request.getCoyoteRequest();
        InputBuffer connection = coyote.getInputBuffer();
        Paced paced = new Paced(connection);
        // The connection's own comes back for the next request on it.
        coyote.setInputBuffer(paced);
        try {
            getNext().invoke(request, response);
            if (response.getStatus() < HttpServletResponse.SC_BAD_REQUEST) {
                readEnd(paced);
            }
        } finally {
            coyote.setInputBuffer(connection);
            if (paced.tooSlow) {
                // Else Tomcat would read the rest, for the client to see the answer, as slowly as it comes.
                coyote.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
            }
        }
    }

    /**
     * Reads the last chunk of a body, which has nothing, if it has come. Parsers of forms stop in front of it, and a connection on which
     * something is left to be read ends with its answer, at which a client that goes on to use it fails.
     */
    private static void readEnd(Paced body) {
        try {
            if (body.available() > 0) {
                body.doRead(new Ignored());
            }
        } catch (IOException e) {
            // The request is done all the same; its connection ends with the answer.
        }
    }

    private static final class Ignored implements ApplicationBufferHandler {
        private ByteBuffer bytes = ByteBuffer.allocate(0);

        @Override
        public void setByteBuffer(ByteBuffer buffer) {
            bytes = buffer;
        }

        @Override
        public ByteBuffer getByteBuffer() {
            return bytes;
        }

        @Override
        public void expand(int size) {}
    }

    private final class Paced implements InputBuffer {
        private final InputBuffer body;
        private final long start = System.nanoTime();
        private long bytes;
        private boolean tooSlow;

        Paced(InputBuffer body) {
            this.body = body;
        }

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (tooSlow) {
                // Whoever reads on to clean up would wait for the client once more.
                throw tooSlow();
            }
            int read;
            try {
                read = body.doRead(handler);
            } catch (SocketTimeoutException e) {
                tooSlow = true;
                throw e;
            }
            bytes += Math.max(0, read);
            long nanos = System.nanoTime() - start;
            if (read >= 0 && nanos > graceNanos && bytes < bytesPerSecond * (nanos / 1e9)) {
                tooSlow = true;
                throw tooSlow();
            }
            return read;
        }

        private SocketTimeoutException tooSlow() {
            return new SocketTimeoutException("less than " + bytesPerSecond + " bytes a second");
        }

        @Override
        public int available() {
            return body.available();
        }
    }
}
