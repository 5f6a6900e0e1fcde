package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ApplicationRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class SearchConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SearchConfiguration.class);

    @Bean
    ImageSearch imageSearch(ClipModel model, ImageDataset dataset) {
        return new ImageSearch(model, dataset);
    }

    /** Before the server says that it is ready, so that the first who searches does not wait for what has to be opened. */
    @Bean
    ApplicationRunner firstSearch(ImageSearch search) {
        return arguments -> {
            try {
                search.search("a picture", 1, false);
            } catch (RuntimeException e) {
                log.warn("the first search failed: {}", e.toString());
            }
        };
    }
}
