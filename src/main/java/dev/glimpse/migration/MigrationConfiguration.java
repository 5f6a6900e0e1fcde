package dev.glimpse.migration;

import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.storage.ObjectStore;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(MigrationProperties.class)
class MigrationConfiguration {
    @Bean
    Migration migration(
            Models models,
            ImageDataset dataset,
            RowDeriver deriver,
            FairScheduler scheduler,
            MigrationProperties settings) {
        return new Migration(models, dataset, new VectorMaker(deriver, scheduler, settings.picturesPerSecond()));
    }

    @Bean
    ModelChanges modelChanges(Models models, ImageDataset dataset, ObjectStore store, Migration migration) {
        return new ModelChanges(models, dataset, store, migration);
    }
}
