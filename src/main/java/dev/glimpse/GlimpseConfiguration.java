package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.Processors;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where packages meet that do not know each other. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DecodeProperties.class)
class GlimpseConfiguration {
    @Bean
    ModelStamp modelStamp(ClipModel model) {
        ModelDescriptor descriptor = model.descriptor();
        return new ModelStamp(descriptor.name(), descriptor.fingerprint(), descriptor.dimension());
    }

    @Bean
    Processors processors() {
        return new Processors(Runtime.getRuntime().availableProcessors());
    }

    @Bean
    ImageDecoder imageDecoder(DecodeProperties limits) {
        return new ImageDecoder(limits.maxPixels(), limits.time());
    }
}
