package dev.glimpse;

import dev.glimpse.storage.WorkingFolder;
import java.nio.file.Path;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.context.ApplicationListener;

/** The server. */
@SpringBootApplication
public class Glimpse {
    public static void main(String[] args) {
        SpringApplication application = new SpringApplication(Glimpse.class);
        application.addListeners(temporaryFilesInWorkingFolder());
        application.run(args);
    }

    /**
     * Native libraries unpack into the temporary folder and, after a kill, stay there: 173 MB each time. So it is ours,
     * and emptied when the next server starts on the same data. Must come before anything makes a temporary file, since
     * the JDK looks at the property once.
     */
    private static ApplicationListener<ApplicationEnvironmentPreparedEvent> temporaryFilesInWorkingFolder() {
        return event -> {
            Path data = Path.of(event.getEnvironment().getRequiredProperty("glimpse.data"));
            System.setProperty(
                    "java.io.tmpdir", WorkingFolder.open(data).temporary().toString());
        };
    }
}
