package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.WorkingFolder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class DatasetConfiguration {
    @Bean
    ImageDataset imageDataset(ObjectStore store, WorkingFolder work, ModelStamp model) {
        return ImageDataset.open(store, work.path(), model);
    }
}
