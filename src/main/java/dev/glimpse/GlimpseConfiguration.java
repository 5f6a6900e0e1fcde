package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.request.Tickets;
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
    FairScheduler fairScheduler() {
        return new FairScheduler(Runtime.getRuntime().availableProcessors());
    }

    @Bean
    ImageDecoder imageDecoder(FairScheduler scheduler, DecodeProperties limits) {
        return new ImageDecoder(scheduler, limits.maxPixels(), limits.time());
    }

    @Bean
    Tickets tickets(FairScheduler scheduler) {
        return new Tickets(scheduler);
    }
}
