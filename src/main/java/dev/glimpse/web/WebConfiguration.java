package dev.glimpse.web;

import dev.glimpse.request.Problems;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.filter.OrderedFormContentFilter;
import org.springframework.boot.tomcat.autoconfigure.TomcatServerProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties.ForwardHeadersStrategy;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.filter.CorsFilter;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.json.JsonMapper;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AccessProperties.class)
class WebConfiguration {
    private static final Logger log = LoggerFactory.getLogger(WebConfiguration.class);

    /** In which an upload may be as slow as it likes. */
    private static final Duration GRACE = Duration.ofSeconds(20);

    /** A client keeps some connections open between its requests. */
    private static final int CONNECTIONS_PER_REQUEST = 8;

    /** The part of an IPv6 address that a network is given. */
    private static final int NETWORK_BYTES = 8;

    /** After the request's id, so that refusals have one too, and before all others. */
    private static final int ORIGINS = Ordered.HIGHEST_PRECEDENCE + 10;

    private static final int ACCESS = ORIGINS + 1;

    /** Says it when other machines can reach a server that asks nobody for a key. */
    @Bean
    ApplicationListener<WebServerInitializedEvent> opennessWarning(ServerProperties server, AccessProperties access) {
        return started -> {
            if (!access.keys().isEmpty()) {
                log.info("keys={}", new TreeMap<>(access.keys()));
            } else if (!isLoopbackOnly(server)) {
                InetAddress address = server.getAddress();
                log.warn(
                        "open=true address={} anyone who reaches this port may upload and search; set keys, as"
                                + " scripts/make-key says; administration is open to this machine alone",
                        address == null ? "all" : address.getHostAddress());
            }
        };
    }

    private static boolean isLoopbackOnly(ServerProperties server) {
        return server.getAddress() != null && server.getAddress().isLoopbackAddress();
    }

    private static boolean isBehindProxy(ServerProperties server) {
        ForwardHeadersStrategy proxy = server.getForwardHeadersStrategy();
        return proxy != null && proxy != ForwardHeadersStrategy.NONE;
    }

    @Bean
    Refusals refusals(JsonMapper json) {
        return new Refusals(json);
    }

    @Bean
    FilterRegistrationBean<CorsFilter> origins(AccessProperties access, Refusals refusals) {
        return ordered(Origins.filter(access.origins(), refusals), ORIGINS);
    }

    @Bean
    KnownPaths knownPaths(
            @Qualifier("requestMappingHandlerMapping") ObjectProvider<RequestMappingHandlerMapping> endpoints) {
        return new KnownPaths(() -> endpoints.getObject().getHandlerMethods().keySet().stream()
                .flatMap(endpoint -> endpoint.getPatternValues().stream())
                .collect(Collectors.toSet()));
    }

    @Bean
    FilterRegistrationBean<AccessFilter> access(
            AccessProperties access, Refusals refusals, KnownPaths paths, ServerProperties server) {
        boolean behindProxy = isBehindProxy(server);
        return ordered(
                new AccessFilter(
                        new Callers(access, behindProxy, new PeerUsers(Path.of("/proc"))::trusts),
                        new RateLimits(access.requestsAtOnce()),
                        refusals,
                        paths,
                        isLoopbackOnly(server) && !behindProxy),
                ACCESS);
    }

    /** Spring's own reads forms of PUT, PATCH and DELETE, and takes one that cannot be read for a failure of ours. */
    @Bean
    OrderedFormContentFilter formContentFilter(Refusals refusals) {
        return new OrderedFormContentFilter() {
            @Override
            protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                    throws ServletException, IOException {
                try {
                    super.doFilterInternal(request, response, chain);
                } catch (HttpMessageNotReadableException e) {
                    refusals.answer(
                            request,
                            response,
                            HttpStatus.BAD_REQUEST,
                            "invalid-query",
                            "the body is no form: a % is not followed by two hex digits");
                }
            }
        };
    }

    private static <F extends jakarta.servlet.Filter> FilterRegistrationBean<F> ordered(F filter, int order) {
        FilterRegistrationBean<F> registration = new FilterRegistrationBean<>(filter);
        registration.setOrder(order);
        return registration;
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> bounds(
            AccessProperties access, ServerProperties settings, TomcatServerProperties tomcat, JsonMapper json) {
        return server -> {
            server.setProtocol(BoundedProtocol.class.getName());
            server.addConnectorCustomizers(connector -> {
                // Tomcat would refuse it, and name methods of servlets, which are not those of the path.
                connector.setAllowTrace(true);
                if (connector.getProtocolHandler() instanceof BoundedProtocol protocol) {
                    Duration head = tomcat.getConnectionTimeout();
                    if (head != null) {
                        protocol.setHeadTime(head);
                    }
                    protocol.setSlowestReader(access.slowestUpload().toBytes(), GRACE);
                    // A client that is refused is not asked for the body.
                    protocol.setContinueResponseTiming("onRead");
                    if (!isBehindProxy(settings)) {
                        protocol.setConnections(
                                WebConfiguration::stranger, CONNECTIONS_PER_REQUEST * access.requestsAtOnce());
                    }
                }
            });
            server.addContextValves(
                    new ThreadShares(tomcat.getThreads().getMax()),
                    new SlowUploads(access.slowestUpload().toBytes(), GRACE));
            // Below Spring's own valve of the kind, so that it is asked first.
            server.addContextCustomizers(
                    context -> context.getParent().getPipeline().addValve(new ProblemReportValve(json)));
        };
    }

    /**
     * Names the client of a connection by its address; for IPv6 by its network, because one client may use any address of that. Empty for this
     * machine.
     */
    static Optional<String> stranger(InetAddress address) {
        if (address.isLoopbackAddress()) {
            return Optional.empty();
        }
        byte[] bytes = address.getAddress();
        return Optional.of(HexFormat.of().formatHex(Arrays.copyOf(bytes, Math.min(bytes.length, NETWORK_BYTES))));
    }

    /** Takes TRACE for a method as any other, which no path takes. Spring's own would answer with the request itself. */
    @Bean(DispatcherServletAutoConfiguration.DEFAULT_DISPATCHER_SERVLET_BEAN_NAME)
    DispatcherServlet dispatcherServlet() {
        return new DispatcherServlet() {
            private static final long serialVersionUID = 1L;

            @Override
            protected void doTrace(HttpServletRequest request, HttpServletResponse response)
                    throws ServletException, IOException {
                processRequest(request, response);
            }
        };
    }

    /** So that one file among many is answered with the problem that it had alone. */
    @Bean
    Problems problems() {
        return ProblemHandler::problemOf;
    }
}
