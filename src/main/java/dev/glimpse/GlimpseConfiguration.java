package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ForeignDecoder;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.foreign.DecoderPrograms;
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
        ForeignDecoder foreign = limits.memory().toBytes() == 0
                ? ForeignDecoder.NONE
                : DecoderPrograms.find(scheduler, limits.memory().toBytes());
        return new ImageDecoder(scheduler, limits.maxPixels(), limits.time(), foreign);
    }

    @Bean
    Tickets tickets(FairScheduler scheduler) {
        return new Tickets(scheduler);
    }
}
