package dev.glimpse.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.DefaultCorsProcessor;
import org.springframework.web.filter.CorsFilter;

/**
 * Refuses what pages of other sites send, unless these sites are named: a browser would let them upload here, with what its
 * owner may do. Clients that are no browsers send no origin, and are not concerned.
 */
final class Origins {
    private Origins() {}

    static CorsFilter filter(List<String> allowed, Refusals refusals) {
        CorsConfiguration others = new CorsConfiguration();
        others.setAllowedOrigins(allowed);
        others.setAllowedMethods(List.of("GET", "HEAD", "POST", "PATCH", "DELETE"));
        others.setAllowedHeaders(List.of("*"));
        others.setExposedHeaders(List.of(
                HttpHeaders.LOCATION,
                HttpHeaders.ETAG,
                HttpHeaders.CONTENT_RANGE,
                HttpHeaders.CONTENT_DISPOSITION,
                HttpHeaders.AGE,
                HttpHeaders.ALLOW,
                HttpHeaders.RETRY_AFTER,
                HttpHeaders.WARNING,
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "X-Request-Id",
                "X-Glimpse-Cost"));
        CorsFilter filter = new CorsFilter(request -> isOwn(request) ? null : others);
        filter.setCorsProcessor(new DefaultCorsProcessor() {
            @Override
            public boolean processRequest(
                    @Nullable CorsConfiguration configuration, HttpServletRequest request, HttpServletResponse response)
                    throws IOException {
                if (super.processRequest(configuration, request, response)) {
                    return true;
                }
                refusals.answer(
                        request,
                        response,
                        HttpStatus.FORBIDDEN,
                        "foreign-origin",
                        "pages of other sites may not call this server, except those in glimpse.access.origins");
                return false;
            }

            /** It is told of the answer alone. */
            @Override
            protected void rejectRequest(ServerHttpResponse response) {}
        });
        return filter;
    }

    /** Behind a proxy that ends TLS the server does not know its own scheme, so hosts are compared. */
    private static boolean isOwn(HttpServletRequest request) {
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        String host = request.getHeader(HttpHeaders.HOST);
        return origin == null || (host != null && host.equalsIgnoreCase(authority(origin)));
    }

    private static @Nullable String authority(String origin) {
        try {
            String authority = URI.create(origin).getRawAuthority();
            return authority == null ? null : authority.toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
