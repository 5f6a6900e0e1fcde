package dev.glimpse.storage;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where this machine keeps its data.
 *
 * @param data the store, if no bucket is set; its {@code .glimpse} is the {@link WorkingFolder} in both cases
 */
@ConfigurationProperties("glimpse")
public record StorageProperties(@DefaultValue("./data") Path data) {}
