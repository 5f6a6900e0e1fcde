package dev.glimpse.web;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.accept.ContentNegotiationStrategy;
import org.springframework.web.accept.HeaderContentNegotiationStrategy;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.servlet.config.annotation.ContentNegotiationConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Reads the header {@code Accept} without charsets, and without types of quality 0, which a client does not take: one that names no other
 * gets 406. JSON is UTF-8, and a client that asks for another charset gets UTF-8 as well.
 */
@Configuration(proxyBeanMethods = false)
class NegotiationConfiguration implements WebMvcConfigurer {
    private static final ContentNegotiationStrategy HEADER = new HeaderContentNegotiationStrategy();

    @Override
    public void configureContentNegotiation(ContentNegotiationConfigurer configurer) {
        configurer.strategies(List.of(NegotiationConfiguration::accepted));
        // Spring calls answers at paths of other extensions f.txt.
        configurer.mediaType("yaml", MediaType.APPLICATION_YAML);
    }

    private static List<MediaType> accepted(NativeWebRequest request) throws HttpMediaTypeNotAcceptableException {
        return HEADER.resolveMediaTypes(request).stream()
                .filter(type -> type.getQualityValue() > 0)
                .map(NegotiationConfiguration::withoutCharset)
                .toList();
    }

    private static MediaType withoutCharset(MediaType type) {
        Map<String, String> parameters = new LinkedHashMap<>(type.getParameters());
        return parameters.keySet().removeIf("charset"::equalsIgnoreCase) ? new MediaType(type, parameters) : type;
    }
}
