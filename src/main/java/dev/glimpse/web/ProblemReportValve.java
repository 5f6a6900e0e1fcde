package dev.glimpse.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import tools.jackson.databind.json.JsonMapper;

/**
 * Says as a problem what ended before a controller of ours or beside it, with the headers that all answers have. There is no error
 * page, which Spring would be asked for once more, with the request's body.
 */
final class ProblemReportValve extends ErrorReportValve {
    private final JsonMapper json;

    ProblemReportValve(JsonMapper json) {
        this.json = json;
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        // By such a request, without a host, a server cannot tell what it was called.
        boolean oldest = request.getProtocol() == null || request.getProtocol().isEmpty();
        if (oldest && response.getStatus() < HttpServletResponse.SC_BAD_REQUEST) {
            response.sendError(HttpServletResponse.SC_HTTP_VERSION_NOT_SUPPORTED);
        }
        if (response.isErrorReportRequired()) {
            // Refused already, and nothing behind has to see it.
            report(request, response, null);
            return;
        }
        super.invoke(request, response);
        if (response.getStatus() >= HttpServletResponse.SC_BAD_REQUEST
                && !response.isError()
                && !response.isCommitted()) {
            // A refusal of which nobody has said anything, such as Spring's 412.
            response.setError();
            report(request, response, null);
        }
    }

    @Override
    protected void report(Request request, Response response, @Nullable Throwable failure) {
        if (response.getStatus() < HttpServletResponse.SC_BAD_REQUEST
                || response.getContentWritten() > 0
                || !response.setErrorReported()) {
            return;
        }
        response.setSuspended(false);
        ProblemDetail problem = StandardProblems.of(response.getStatus());
        identify(request, response, problem);
        try {
            HeadersFilter.protect(response::setHeader, "");
            response.setStatus(problem.getStatus());
            response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
            response.getOutputStream().write(json.writeValueAsBytes(problem));
            response.finishResponse();
        } catch (IOException | IllegalStateException e) {
            // The client is gone, or has got something already.
            container.getLogger().debug("no problem sent", e);
        }
    }

    /** Gives an id to what has not reached the filters, and says in the log what has become of it. */
    private static void identify(Request request, Response response, ProblemDetail problem) {
        if (response.getHeader(HeadersFilter.REQUEST_ID) == null) {
            String id = HeadersFilter.requestId(request.getHeader(HeadersFilter.REQUEST_ID));
            response.setHeader(HeadersFilter.REQUEST_ID, id);
            MDC.put(HeadersFilter.LOGGED, id);
            try {
                Refusals.log(request, problem);
            } finally {
                MDC.remove(HeadersFilter.LOGGED);
            }
        }
    }
}
