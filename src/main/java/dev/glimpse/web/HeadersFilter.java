package dev.glimpse.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Gives each request an id, in the answer and in the log, and tells browsers to trust nothing but us. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class HeadersFilter extends OncePerRequestFilter {
    static final String REQUEST_ID = "X-Request-Id";

    /** Key in the log's context, for the id. */
    static final String LOGGED = "request";

    /** What a proxy may give us; anything else could forge lines of the log. */
    private static final Pattern SAFE_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final String POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none';"
            + " base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /** Swagger's page styles itself inline; nothing that an uploader sends is shown there. */
    private static final String SWAGGER_POLICY = POLICY + "; style-src 'self' 'unsafe-inline'";

    /** Originals are a stranger's bytes: whatever a browser takes them for, it may run and load nothing. */
    private static final String PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        String id = requestId(request.getHeader(REQUEST_ID));
        response.setHeader(REQUEST_ID, id);
        protect(response::setHeader, request.getServletPath());
        MDC.put(LOGGED, id);
        try {
            chain.doFilter(request, response);
            boolean empty = response.getContentType() == null && !response.isCommitted();
            if (response.getStatus() >= HttpServletResponse.SC_BAD_REQUEST && empty) {
                // As some endpoints of Spring's answer; so it gets a problem.
                response.sendError(response.getStatus());
            }
        } finally {
            MDC.remove(LOGGED);
        }
    }

    /**
     * Sets what tells browsers to trust nothing but us, and caches to keep nothing: pages, scripts and pictures say for themselves how
     * they may be kept.
     *
     * @param header takes a name and a value
     */
    static void protect(BiConsumer<String, String> header, String path) {
        header.accept("X-Content-Type-Options", "nosniff");
        header.accept("Referrer-Policy", "no-referrer");
        header.accept("Content-Security-Policy", policy(path));
        header.accept("Cache-Control", "no-store");
    }

    private static String policy(String path) {
        if (path.startsWith("/images/")) {
            return PICTURE_POLICY;
        }
        return path.startsWith("/swagger-ui") ? SWAGGER_POLICY : POLICY;
    }

    static String requestId(@Nullable String given) {
        return given != null && SAFE_ID.matcher(given).matches()
                ? given
                : UUID.randomUUID().toString();
    }
}
