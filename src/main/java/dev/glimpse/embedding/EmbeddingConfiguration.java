package dev.glimpse.embedding;

import dev.glimpse.image.Processors;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {
    @Bean
    ClipModel clipModel(EmbeddingProperties properties, Processors processors) {
        return ClipModel.load(properties.model(), processors);
    }
}
