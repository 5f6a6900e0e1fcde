package dev.glimpse.web;

import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Where people look for Swagger UI, whose page is {@code static/swagger-ui/index.html}. */
@Configuration(proxyBeanMethods = false)
class PagesConfiguration implements WebMvcConfigurer {
    private static final String SWAGGER_UI = "/swagger-ui/index.html";

    @Override
    public void addViewControllers(ViewControllerRegistry registry) {
        registry.addRedirectViewController("/swagger-ui", SWAGGER_UI);
        registry.addRedirectViewController("/swagger-ui/", SWAGGER_UI);
    }
}
