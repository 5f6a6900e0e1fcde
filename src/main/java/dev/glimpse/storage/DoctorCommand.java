package dev.glimpse.storage;

import java.util.List;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;

/** {@code java -jar glimpse.jar doctor [--json]}: examines the store that is configured, also while a server uses it. */
public final class DoctorCommand {
    private DoctorCommand() {}

    @EnableConfigurationProperties({StorageProperties.class, R2Properties.class})
    private static class Settings {}

    /** Gives the exit status: 0 if the store can be trusted. */
    public static int run(String... arguments) {
        try (ConfigurableApplicationContext settings = new SpringApplicationBuilder(Settings.class)
                        .web(WebApplicationType.NONE)
                        .logStartupInfo(false)
                        .run(arguments);
                ObjectStore store = StorageConfiguration.store(
                        settings.getBean(R2Properties.class), settings.getBean(StorageProperties.class))) {
            return new BucketDoctor(store, System.out, List.of(arguments).contains("--json")).examine() ? 0 : 1;
        } catch (StorageSettingsException e) {
            System.err.println(e.getMessage() + " " + e.cure());
            return 2;
        }
    }
}
