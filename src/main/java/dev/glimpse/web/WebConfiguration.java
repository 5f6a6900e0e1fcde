package dev.glimpse.web;

import java.net.InetAddress;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ProblemDetail;

@Configuration(proxyBeanMethods = false)
class WebConfiguration {
    private static final Logger log = LoggerFactory.getLogger(WebConfiguration.class);

    /** Says it when other machines can reach a server that asks nobody for a key. */
    @Bean
    ApplicationListener<WebServerInitializedEvent> opennessWarning(ServerProperties server) {
        return started -> {
            InetAddress address = server.getAddress();
            if (address == null || !address.isLoopbackAddress()) {
                log.warn(
                        "open=true address={} anyone who reaches this port may upload and search; administration is"
                                + " open to this machine alone",
                        address == null ? "all" : address.getHostAddress());
            }
        };
    }

    /** So that one file among many is answered with the problem that it had alone. */
    @Bean
    Function<Throwable, ProblemDetail> problems() {
        return ProblemHandler::problemOf;
    }
}
