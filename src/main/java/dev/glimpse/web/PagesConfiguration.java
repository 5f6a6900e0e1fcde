package dev.glimpse.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.util.DigestUtils;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistration;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.handler.MappedInterceptor;
import org.springframework.web.servlet.mvc.method.annotation.ExceptionHandlerExceptionResolver;
import org.springframework.web.servlet.resource.ResourceHttpRequestHandler;

/**
 * Serves pages and scripts. A browser asks each time whether its copy is still the server's, and gets 304 if it is, so that a page of one
 * version never runs with the script of another. Also refuses paths and parameters that endpoints do not have.
 */
@Configuration(proxyBeanMethods = false)
class PagesConfiguration implements WebMvcConfigurer {
    @Override
    public void addResourceHandlers(ResourceHandlerRegistry registry) {
        asked(registry.addResourceHandler("/swagger-ui/**")
                .addResourceLocations("classpath:/static/swagger-ui/", library("swagger-ui", "swagger-ui-bundle.js")));
        asked(registry.addResourceHandler("/uplot/*")
                .addResourceLocations(library("uplot", "dist/uPlot.iife.min.js") + "dist/"));
        asked(registry.addResourceHandler("/**").addResourceLocations("classpath:/static/"));
    }

    @Override
    public void addViewControllers(ViewControllerRegistry registry) {
        registry.addRedirectViewController("/swagger-ui", "/swagger-ui/index.html");
        registry.addRedirectViewController("/swagger-ui/", "/swagger-ui/index.html");
    }

    /** Where the library of this file has its files, which is a folder with its version in the name. */
    private static String library(String name, String file) {
        try {
            Resource[] found = new PathMatchingResourcePatternResolver()
                    .getResources("classpath*:/META-INF/resources/webjars/" + name + "/*/" + file);
            if (found.length != 1) {
                throw new IllegalStateException(name + " is on the class path " + found.length + " times");
            }
            String url = found[0].getURL().toString();
            return url.substring(0, url.length() - file.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void asked(ResourceHandlerRegistration files) {
        files.setCacheControl(CacheControl.noCache())
                .setUseLastModified(false)
                .setEtagGenerator(PagesConfiguration::tag);
    }

    /** By content. Weak, as the answer may be compressed: Tomcat compresses none with a strong one. */
    private static String tag(Resource file) {
        try {
            return "W/\"" + DigestUtils.md5DigestAsHex(file.getContentAsByteArray()) + "\"";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By default it is not asked for what views refuse, such as those of {@code /} and of redirects. */
    @Override
    public void extendHandlerExceptionResolvers(List<HandlerExceptionResolver> resolvers) {
        for (HandlerExceptionResolver resolver : resolvers) {
            if (resolver instanceof ExceptionHandlerExceptionResolver advice) {
                advice.setMappedHandlerPredicate(handler -> true);
            }
        }
    }

    /** A bean of this type is asked by all that maps requests, also by what maps those of the actuator. */
    @Bean
    static MappedInterceptor pathCheck() {
        return new MappedInterceptor(null, new PathCheck());
    }

    @Bean
    static MappedInterceptor parameterCheck() {
        return new MappedInterceptor(null, new ParameterCheck());
    }

    /** Tomcat says it with what it could compress, which a 304 is not, and does not say it twice. */
    @Bean
    static MappedInterceptor compressed() {
        return new MappedInterceptor(null, new HandlerInterceptor() {
            @Override
            public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
                if (handler instanceof ResourceHttpRequestHandler) {
                    response.addHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
                }
                return true;
            }
        });
    }
}
