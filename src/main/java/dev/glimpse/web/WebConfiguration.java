package dev.glimpse.web;

import java.util.function.Function;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ProblemDetail;

@Configuration(proxyBeanMethods = false)
class WebConfiguration {
    /** So that one file among many is answered with the problem that it had alone. */
    @Bean
    Function<Throwable, ProblemDetail> problems() {
        return ProblemHandler::problemOf;
    }
}
