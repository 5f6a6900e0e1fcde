package dev.glimpse.web;

import java.net.InetAddress;
import java.time.Duration;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties.ForwardHeadersStrategy;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.ProblemDetail;
import org.springframework.web.filter.CorsFilter;
import tools.jackson.databind.json.JsonMapper;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AccessProperties.class)
class WebConfiguration {
    private static final Logger log = LoggerFactory.getLogger(WebConfiguration.class);

    /** In which an upload may be as slow as it likes. */
    private static final Duration GRACE = Duration.ofSeconds(20);

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
                                + " scripts/make-key says; administration needs the admin-key of this start, on this machine",
                        address == null ? "all" : address.getHostAddress());
            }
        };
    }

    private static boolean isLoopbackOnly(ServerProperties server) {
        return server.getAddress() != null && server.getAddress().isLoopbackAddress();
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
    AdminKey adminKey(AccessProperties access) {
        return access.keys().isEmpty() ? AdminKey.random() : AdminKey.none();
    }

    @Bean
    FilterRegistrationBean<AccessFilter> access(
            AccessProperties access, AdminKey adminKey, Refusals refusals, ServerProperties server) {
        ForwardHeadersStrategy proxy = server.getForwardHeadersStrategy();
        boolean behindProxy = proxy != null && proxy != ForwardHeadersStrategy.NONE;
        return ordered(
                new AccessFilter(
                        new Callers(access, adminKey, behindProxy),
                        new RateLimits(access.requestsAtOnce()),
                        refusals,
                        isLoopbackOnly(server) && !behindProxy),
                ACCESS);
    }

    private static <F extends jakarta.servlet.Filter> FilterRegistrationBean<F> ordered(F filter, int order) {
        FilterRegistrationBean<F> registration = new FilterRegistrationBean<>(filter);
        registration.setOrder(order);
        return registration;
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> valves(AccessProperties access) {
        return server -> {
            server.addContextValves(new SlowUploads(access.slowestUpload().toBytes(), GRACE));
            // Below Spring's own valve of the kind, so that it is asked first.
            server.addContextCustomizers(
                    context -> context.getParent().getPipeline().addValve(new ProblemReportValve()));
        };
    }

    /** So that one file among many is answered with the problem that it had alone. */
    @Bean
    Function<Throwable, ProblemDetail> problems() {
        return ProblemHandler::problemOf;
    }
}
