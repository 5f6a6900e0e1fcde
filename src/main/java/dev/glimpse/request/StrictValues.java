package dev.glimpse.request;

import org.springframework.context.annotation.Configuration;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Reads numbers and truth values of queries as JSON writes them. Spring's own converters take {@code 0x3E8}, {@code 05} and {@code yes} too,
 * which the description of the API does not have.
 */
@Configuration(proxyBeanMethods = false)
class StrictValues implements WebMvcConfigurer {
    @Override
    public void addFormatters(FormatterRegistry registry) {
        registry.addConverter(String.class, Integer.class, text -> Integer.valueOf(number(text)));
        registry.addConverter(String.class, Long.class, text -> Long.valueOf(number(text)));
        registry.addConverter(String.class, Boolean.class, StrictValues::truth);
    }

    private static String number(String text) {
        if (!ParameterValues.WHOLE_NUMBER.matcher(text).matches()) {
            throw new IllegalArgumentException("no number: " + text);
        }
        return text;
    }

    private static Boolean truth(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException("neither true nor false: " + text);
        }
        return Boolean.valueOf(text);
    }
}
