package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.WorkingFolder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({CommitProperties.class, ReplicaProperties.class, MaintenanceProperties.class})
class DatasetConfiguration {
    @Bean
    ImageDataset imageDataset(
            ObjectStore store,
            WorkingFolder work,
            ModelStamp model,
            CommitProperties commit,
            ReplicaProperties replica,
            MaintenanceProperties maintenance) {
        return ImageDataset.open(store, work.path(), model, new TableSettings(commit, replica, maintenance));
    }
}
