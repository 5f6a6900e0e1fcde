package dev.glimpse.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Keeps pages and scripts whole, in English and in UTF-8, whatever Spring would make of what a browser asks. Its ranges know no
 * {@code If-Range} and do not agree with compression; only pictures are large enough to need ranges, and have their own.
 */
@Component
class PagesFilter extends OncePerRequestFilter {
    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        boolean hasRanges = request.getServletPath().startsWith("/images/");
        chain.doFilter(hasRanges ? request : new WholeRequest(request), new PlainResponse(response, hasRanges));
    }

    private static final class WholeRequest extends HttpServletRequestWrapper {
        WholeRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public @Nullable String getHeader(String name) {
            return name.equalsIgnoreCase(HttpHeaders.RANGE) ? null : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return name.equalsIgnoreCase(HttpHeaders.RANGE) ? Collections.emptyEnumeration() : super.getHeaders(name);
        }
    }

    private static final class PlainResponse extends HttpServletResponseWrapper {
        private final boolean hasRanges;

        PlainResponse(HttpServletResponse response, boolean hasRanges) {
            super(response);
            this.hasRanges = hasRanges;
        }

        /** Nothing is translated, so there is no Content-Language, which Spring would copy from Accept-Language. */
        @Override
        public void setLocale(Locale locale) {}

        @Override
        public void setContentType(@Nullable String type) {
            boolean lacksCharset = type != null && type.startsWith("text/") && !type.contains("charset");
            super.setContentType(lacksCharset ? type + ";charset=UTF-8" : type);
        }

        @Override
        public void setHeader(String name, @Nullable String value) {
            if (hasRanges || !name.equalsIgnoreCase(HttpHeaders.ACCEPT_RANGES)) {
                super.setHeader(name, value);
            }
        }

        /** Spring sends an empty Accept-Patch for a path without PATCH. */
        @Override
        public void addHeader(String name, String value) {
            if (!value.isEmpty()) {
                super.addHeader(name, value);
            }
        }
    }
}
