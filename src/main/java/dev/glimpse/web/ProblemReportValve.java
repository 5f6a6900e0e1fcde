package dev.glimpse.web;

import static org.springframework.http.HttpStatus.BAD_REQUEST;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/** Says as a problem what Tomcat refuses before anything of ours has seen it: it cannot read the request. */
final class ProblemReportValve extends ErrorReportValve {
    @Override
    protected void report(Request request, Response response, @Nullable Throwable failure) {
        if (response.getStatus() != BAD_REQUEST.value()) {
            super.report(request, response, failure);
            return;
        }
        if (response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        String problem = """
                {"type":"/problems/bad-request","title":"Bad Request","status":400,"detail":"the request line or a header cannot \
                be read, or all headers together have more than server.max-http-request-header-size"}""";
        try {
            response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
            response.getOutputStream().write(problem.getBytes(StandardCharsets.UTF_8));
            response.finishResponse();
        } catch (IOException | IllegalStateException e) {
            // The client is gone, or has got something already.
            container.getLogger().debug("no problem sent", e);
        }
    }
}
