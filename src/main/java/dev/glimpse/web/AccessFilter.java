package dev.glimpse.web;

import dev.glimpse.web.RateLimits.Client;
import io.github.bucket4j.ConsumptionProbe;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.Principal;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Lets a request pass if its caller is known, has the scope that the call needs, and has not used up its requests per minute. A call that is
 * not listed here needs the scope {@link Scope#ADMIN}, so a new call, or a known one in another spelling, is closed at first.
 *
 * <p>Its refusals go to the log that is called {@code audit}, as all changes do.
 */
final class AccessFilter extends OncePerRequestFilter {
    /** Key in the log's context, for the name of the caller. */
    private static final String CALLER = "caller";

    private static final Set<String> UPLOADS = Set.of("/upload", "/vectorize_and_store");

    /** Methods that change nothing. */
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");

    /** Paths that change nothing, whatever the method. Which tools an agent may call, their endpoint decides: all come as the same request. */
    private static final Set<String> READ_BY_POST = Set.of("/search", "/images/known", "/eval", "/mcp");

    private final Callers callers;
    private final RateLimits limits;
    private final Refusals refusals;
    private final KnownPaths paths;
    private final boolean loopbackOnly;

    /** @param loopbackOnly whether the server can be reached from this machine alone */
    AccessFilter(Callers callers, RateLimits limits, Refusals refusals, KnownPaths paths, boolean loopbackOnly) {
        this.callers = callers;
        this.limits = limits;
        this.refusals = refusals;
        this.paths = paths;
        this.loopbackOnly = loopbackOnly;
    }

    private static boolean reads(HttpServletRequest request) {
        return READS.contains(request.getMethod());
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Caller caller = callers.of(request);
        if (callers.needKeys()) {
            // An answer to one key is not for callers with another key, or with none.
            response.addHeader("Vary", "X-API-Key, Authorization");
        }
        if (asksForHealth(request)) {
            chain.doFilter(named(caller, request), response);
            return;
        }
        MDC.put(CALLER, caller.name());
        try {
            if (loopbackOnly && !callers.needKeys() && !Callers.namesThisMachine(request.getServerName())) {
                refuse(request, response, HttpStatus.FORBIDDEN, "unknown-host", """
                        this server is open to its own machine alone, without a key, and so has to be called localhost or \
                        127.0.0.1; to call it by another name, give it keys: glimpse.access.keys""");
                return;
            }
            Integer perMinute = caller.requestsPerMinute();
            if (perMinute == null) {
                admit(caller, request, response, chain);
                return;
            }
            Client client = limits.of(caller.name(), perMinute);
            if (!hasRequestsLeft(client, perMinute, request, response)) {
                return;
            }
            if (!client.places().tryAcquire()) {
                response.setHeader("Retry-After", "1");
                refuse(
                        request,
                        response,
                        HttpStatus.TOO_MANY_REQUESTS,
                        "too-many-at-once",
                        "too many requests of " + caller.name()
                                + " are being answered: wait for some to end (glimpse.access.requests-at-once)");
                return;
            }
            try {
                admit(caller, request, response, chain);
            } finally {
                client.places().release();
            }
        } finally {
            MDC.remove(CALLER);
        }
    }

    /** Whether the request asks for the health. Such a request needs no key, and without one the answer says less. */
    static boolean asksForHealth(HttpServletRequest request) {
        String path = request.getServletPath();
        return reads(request) && (path.equals("/actuator/health") || path.startsWith("/actuator/health/"));
    }

    private boolean hasRequestsLeft(
            Client client, int perMinute, HttpServletRequest request, HttpServletResponse response) throws IOException {
        ConsumptionProbe probe = client.requests().tryConsumeAndReturnRemaining(1);
        // As in the drafts of the IETF before the one with a single header: they are what clients know.
        response.setHeader("RateLimit-Limit", Integer.toString(perMinute));
        response.setHeader("RateLimit-Remaining", Long.toString(probe.getRemainingTokens()));
        response.setHeader("RateLimit-Reset", Long.toString(seconds(probe.getNanosToWaitForReset())));
        if (!probe.isConsumed()) {
            response.setHeader("Retry-After", Long.toString(seconds(probe.getNanosToWaitForRefill())));
            refuse(
                    request,
                    response,
                    HttpStatus.TOO_MANY_REQUESTS,
                    "rate-limited",
                    "more than " + perMinute + " requests in a minute (glimpse.access.requests-per-minute)");
        }
        return probe.isConsumed();
    }

    private static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
    }

    private void admit(Caller caller, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (asksWhatAProblemIs(request)) {
            chain.doFilter(named(caller, request), response);
            return;
        }
        Scope scope = scope(request);
        boolean metrics = request.getServletPath().startsWith("/actuator");
        if (caller.may(scope) && (!metrics || caller.isKnown())) {
            chain.doFilter(named(caller, request), response);
            return;
        }
        if (caller.isKnown()) {
            refuse(
                    request,
                    response,
                    HttpStatus.FORBIDDEN,
                    "forbidden",
                    "this key may not do that: it needs the scope " + name(scope) + hint(request));
            return;
        }
        response.setHeader("WWW-Authenticate", "Bearer realm=\"Glimpse\"");
        if (callers.needKeys()) {
            // Makes a browser ask for the key, and send it with everything that a page shows.
            response.addHeader("WWW-Authenticate", "Basic realm=\"Glimpse\", charset=\"UTF-8\"");
        }
        refuse(
                request,
                response,
                HttpStatus.UNAUTHORIZED,
                "unauthorized",
                unauthorized(request, scope) + hint(request));
    }

    /** A client whose key is refused may read why. */
    private static boolean asksWhatAProblemIs(HttpServletRequest request) {
        String path = request.getServletPath();
        return reads(request) && (path.equals("/problems") || path.startsWith("/problems/"));
    }

    /** A path in another spelling needs the scope of administration, which alone would tell nobody that it is misspelt. */
    private String hint(HttpServletRequest request) {
        return paths.hint(request.getServletPath());
    }

    /**
     * Tells what comes behind who the caller is; by the roles {@code read}, {@code upload} and {@code admin} its scopes; and by
     * an authentication type, which is null without keys, whether others may be shown the answer too.
     */
    private HttpServletRequest named(Caller caller, HttpServletRequest request) {
        return new HttpServletRequestWrapper(request) {
            /** An Accept that names nothing accepts everything, as none does (RFC 9110, 12.5.1); not all behind know that. */
            @Override
            public Enumeration<String> getHeaders(String name) {
                boolean namesNothing = name.equalsIgnoreCase(HttpHeaders.ACCEPT)
                        && Collections.list(super.getHeaders(name)).stream().allMatch(String::isBlank);
                return namesNothing ? Collections.emptyEnumeration() : super.getHeaders(name);
            }

            @Override
            public @Nullable String getAuthType() {
                return callers.needKeys() ? "key" : null;
            }

            @Override
            public String getRemoteUser() {
                return caller.name();
            }

            @Override
            public Principal getUserPrincipal() {
                return caller::name;
            }

            @Override
            public boolean isUserInRole(String role) {
                return Arrays.stream(Scope.values())
                        .anyMatch(scope -> name(scope).equals(role) && caller.may(scope));
            }
        };
    }

    private String unauthorized(HttpServletRequest request, Scope scope) {
        if (!callers.needKeys()) {
            return "without keys, administration, deletes, restores and metrics are open on the server's own machine only, to"
                    + " programs of its user and of root, and not through a proxy; scripts/make-key makes a key for others";
        }
        return Callers.secret(request) == null
                ? "send a key that has the scope " + name(scope) + " as X-API-Key, or as Authorization: Bearer"
                : "there is no such key";
    }

    private static String name(Scope scope) {
        return scope.name().toLowerCase(Locale.ROOT);
    }

    private static Scope scope(HttpServletRequest request) {
        String path = request.getServletPath();
        if (READ_BY_POST.contains(path)) {
            return Scope.READ;
        }
        if (reads(request)) {
            return path.equals("/admin") || path.startsWith("/admin/") ? Scope.ADMIN : Scope.READ;
        }
        return request.getMethod().equals("POST") && UPLOADS.contains(path) ? Scope.UPLOAD : Scope.ADMIN;
    }

    private void refuse(
            HttpServletRequest request, HttpServletResponse response, HttpStatus status, String type, String detail)
            throws IOException {
        refusals.answer(request, response, status, type, detail);
    }
}
