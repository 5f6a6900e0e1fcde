package dev.glimpse.embedding;

import dev.glimpse.fairness.FairScheduler;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {
    @Bean
    ClipModel clipModel(EmbeddingProperties properties, FairScheduler scheduler) {
        return ClipModel.load(properties.model(), scheduler);
    }

    @Bean
    Models models(ClipModel model, EmbeddingProperties properties, FairScheduler scheduler) {
        return new Models(model, properties.model(), scheduler);
    }
}
