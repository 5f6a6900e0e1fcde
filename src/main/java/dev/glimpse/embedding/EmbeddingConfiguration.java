package dev.glimpse.embedding;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {
    @Bean
    ClipModel clipModel(EmbeddingProperties properties) {
        return ClipModel.load(properties.model());
    }
}
