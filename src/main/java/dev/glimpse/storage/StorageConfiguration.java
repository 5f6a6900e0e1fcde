package dev.glimpse.storage;

import java.time.Duration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** One store: a bucket if the four variables say so, else a folder. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({StorageProperties.class, R2Properties.class})
class StorageConfiguration {
    @Bean
    WorkingFolder workingFolder(StorageProperties storage) {
        return WorkingFolder.open(storage.data());
    }

    /** Does no I/O, so that a bucket that is down does not stop the start. The working folder's lock comes first. */
    @Bean
    ObjectStore objectStore(R2Properties r2, StorageProperties storage, WorkingFolder lock) {
        return store(r2, storage);
    }

    @Bean
    StoreWatch storeWatch(ObjectStore store) {
        return new StoreWatch(store, Duration.ofMinutes(1));
    }

    static ObjectStore store(R2Properties r2, StorageProperties storage) {
        return r2.isSet() ? new S3Store(r2) : new FolderStore(storage.data());
    }
}
