package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class SearchConfiguration {
    @Bean
    ImageSearch imageSearch(ClipModel model, ImageDataset dataset) {
        return new ImageSearch(model, dataset);
    }
}
