package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.image.ImageDecoder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where packages meet that do not know each other. */
@Configuration(proxyBeanMethods = false)
class GlimpseConfiguration {
    @Bean
    ModelStamp modelStamp(ClipModel model) {
        ModelDescriptor descriptor = model.descriptor();
        return new ModelStamp(descriptor.name(), descriptor.fingerprint(), descriptor.dimension());
    }

    @Bean
    ImageDecoder imageDecoder() {
        return new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS);
    }
}
