package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ThumbnailFormat;
import dev.glimpse.request.Tickets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where packages meet that do not know each other. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DecodeProperties.class)
class GlimpseConfiguration {
    private static final Logger log = LoggerFactory.getLogger(GlimpseConfiguration.class);

    @Bean
    ModelStamp modelStamp(ClipModel model) {
        ModelDescriptor descriptor = model.descriptor();
        return new ModelStamp(descriptor.name(), descriptor.tableFingerprint(), descriptor.dimension());
    }

    @Bean
    FairScheduler fairScheduler() {
        return new FairScheduler(Runtime.getRuntime().availableProcessors());
    }

    @Bean
    ImageDecoder imageDecoder(FairScheduler scheduler, DecodeProperties limits) {
        long memory = limits.heap();
        log.info(
                "pictures: max_pixels={} memory={}MB max_pixels_lossless_webp={}",
                limits.maxPixels(),
                memory >> 20,
                Math.min(limits.maxPixels(), ImageDecoder.pixelsReadWhole(memory)));
        ThumbnailFormat.WEBP
                .trouble()
                .ifPresent(why -> log.warn("thumbnails are JPEGs alone: the WebP encoder cannot be loaded: {}", why));
        return limits.decoder(scheduler);
    }

    @Bean
    Tickets tickets(FairScheduler scheduler) {
        return new Tickets(scheduler);
    }
}
