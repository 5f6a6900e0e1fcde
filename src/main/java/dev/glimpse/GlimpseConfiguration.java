package dev.glimpse;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.Processors;
import dev.glimpse.storage.WorkingFolder;
import dev.glimpse.web.AdminKey;
import org.springframework.beans.factory.SmartInitializingSingleton;
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

    /** Once the folder's lock is held, so that a second server on it, which does not start, leaves the file of the first. */
    @Bean
    SmartInitializingSingleton adminKeyFile(AdminKey key, WorkingFolder folder) {
        return () -> key.writeInto(folder.path());
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
