package dev.glimpse.duplicates;

import dev.glimpse.storage.ObjectStore;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class DuplicatesConfiguration {
    @Bean
    Decisions decisions(ObjectStore store) {
        return new Decisions(store);
    }
}
