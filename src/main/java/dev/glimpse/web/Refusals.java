package dev.glimpse.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import tools.jackson.databind.json.JsonMapper;

/** Answers with a problem where there is no controller yet, and says so in the log that is called {@code audit}. */
final class Refusals {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** The most characters of a path in the log. */
    private static final int MOST_CHARACTERS = 200;

    private final JsonMapper json;

    Refusals(JsonMapper json) {
        this.json = json;
    }

    void answer(HttpServletRequest request, HttpServletResponse response, HttpStatus status, String type, String detail)
            throws IOException {
        ProblemDetail problem = ProblemHandler.problem(status, type, detail);
        log(request, problem);
        response.setStatus(status.value());
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        json.writeValue(response.getOutputStream(), problem);
    }

    /** Says it in the log: the path as it was sent, as decoded it could have the end of a line. What comes after it may be a secret. */
    static void log(HttpServletRequest request, ProblemDetail problem) {
        audit.info(
                "refused status={} problem={} method={} path={}",
                problem.getStatus(),
                String.valueOf(problem.getType()).substring("/problems/".length()),
                shortened(request.getMethod()),
                shortened(request.getRequestURI()));
    }

    private static String shortened(@Nullable String sent) {
        // Null if the request's line cannot be read.
        String text = sent == null ? "-" : sent;
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "...";
    }
}
