package dev.glimpse;

import dev.glimpse.bulk.BulkLoadCommand;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.move.MoveCommand;
import dev.glimpse.storage.DoctorCommand;
import dev.glimpse.storage.WorkingFolder;
import java.nio.file.Path;
import java.util.Arrays;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/** The server; or with the argument {@code doctor} a look at the store, and with {@code bulk-load} a client that loads pictures. */
@SpringBootApplication(
        exclude = ErrorMvcAutoConfiguration.class) // what has no answer of ours gets one by web.ProblemReportValve
public class Glimpse {
    public static void main(String[] args) {
        if (args.length > 0 && args[0].equals("doctor")) {
            System.exit(DoctorCommand.run(Arrays.copyOfRange(args, 1, args.length)));
        }
        if (args.length > 0 && args[0].equals("bulk-load")) {
            System.exit(BulkLoadCommand.run(Arrays.copyOfRange(args, 1, args.length)));
        }
        if (args.length > 0 && args[0].equals("move")) {
            System.exit(MoveCommand.run(Arrays.copyOfRange(args, 1, args.length)));
        }
        SpringApplication application = new SpringApplication(Glimpse.class);
        application.addListeners(beforeNativeLibraries());
        application.run(args);
    }

    private static ApplicationListener<ApplicationEnvironmentPreparedEvent> beforeNativeLibraries() {
        return event -> {
            Environment environment = event.getEnvironment();
            ServerPort.check(environment);
            Path data = Path.of(environment.getRequiredProperty("glimpse.data"));
            unpackInto(WorkingFolder.open(data).temporary());
            if (!environment.getProperty("r2.endpoint", "").isBlank()) {
                NativeEnvironment.remove(
                        NativeEnvironment.foreign(System.getenv().keySet()));
            }
            loadEngineBeside();
        };
    }

    /** The linker takes a second for libtorch, in which Spring reads its configuration. */
    private static void loadEngineBeside() {
        Thread loading = new Thread(ClipModel::loadEngine, "load-engine");
        loading.setDaemon(true);
        loading.start();
    }

    /**
     * Native libraries unpack into the temporary folder and, after a kill, stay there: 173 MB each time. So it is in our
     * working folder, which is emptied here, before Tomcat and the libraries put something into it. Newer JDKs look at
     * the property before any code of ours runs, so the scripts that start the server set it as a flag as well.
     */
    private static void unpackInto(Path temporary) {
        System.setProperty("java.io.tmpdir", temporary.toString());
        if (System.getProperty("jna.tmpdir") == null) {
            System.setProperty("jna.tmpdir", temporary.toString());
        }
    }
}
