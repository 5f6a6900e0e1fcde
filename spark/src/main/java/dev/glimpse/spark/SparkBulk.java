package dev.glimpse.spark;

import dev.glimpse.NativeEnvironment;
import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.embedding.InvalidModelException;
import dev.glimpse.storage.DataFolderException;
import dev.glimpse.storage.FolderInUseException;
import dev.glimpse.storage.StorageSettingsException;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.UntrustedBucketException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The program behind {@code scripts/spark-bulk}, which says what its arguments are; also for {@code spark-submit}. */
public final class SparkBulk {
    private static final Set<String> WITH_VALUE =
            Set.of("--prefix", "--keys", "--parquet", "--url-column", "--caption-column", "--tags-column", "--report");
    private static final String ANY_ADDRESS = "--any-address";

    private SparkBulk() {}

    /** Ends the process with the status that {@code scripts/spark-bulk} says. */
    public static void main(String[] arguments) {
        int status = run(System.getenv(), arguments);
        System.exit(status);
    }

    /** The status with which the program ends, see {@code scripts/spark-bulk}. */
    static int run(Map<String, String> environment, String... arguments) {
        Map<String, String> options = new HashMap<>();
        String wrong = read(arguments, options);
        if (wrong != null) {
            return refused(wrong);
        }
        String report = options.get("--report");
        if (report != null && !canBeWritten(Path.of(report).toAbsolutePath())) {
            return refused("--report: " + report + " cannot be written");
        }
        Settings settings = new Settings(environment);
        try {
            if (settings.isBucket()) {
                // Lance would take them for options of its own.
                NativeEnvironment.remove(NativeEnvironment.foreign(environment.keySet()));
            }
            SparkConf conf = new SparkConf().setIfMissing("spark.app.name", "glimpse-bulk");
            conf.setIfMissing("spark.master", "local[*,4]");
            conf.setIfMissing("spark.ui.enabled", "false");
            // The ids of all new rows come to the driver, 33 bytes for each.
            conf.setIfMissing("spark.driver.maxResultSize", "0");
            // What travels says itself how it is written, which Kryo does not ask.
            conf.set("spark.serializer", JavaSerializer.class.getName());
            if (conf.get("spark.master").startsWith("local")) {
                conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
                conf.setIfMissing("spark.driver.host", "127.0.0.1");
            } else if (!settings.isBucket()) {
                return refused("a cluster needs a bucket, and R2_BUCKET is not set: a folder is on one machine");
            }
            SparkSession session = SparkSession.builder().config(conf).getOrCreate();
            try {
                return run(settings, options, session);
            } finally {
                close(session);
            }
        } catch (StorageSettingsException e) {
            return refused(e.getMessage() + " " + e.cure());
        } catch (FolderInUseException e) {
            return refused(e.getMessage() + " " + e.cure());
        } catch (DataFolderException e) {
            return refused(e.getMessage() + " " + e.cure());
        } catch (IllegalArgumentException
                | IOException
                | DamagedTableException
                | InvalidModelException
                | ForeignTableException
                | ModelMismatchException
                | TableBusyException
                | TableLostException
                | UntrustedBucketException
                | StoreUnavailableException e) {
            return refused(String.valueOf(e.getMessage()));
        } catch (Exception e) {
            return refused(BulkJob.cause(e));
        }
    }

    /** The job is over by now, so a failure changes nothing of its status. */
    private static void close(SparkSession session) {
        try {
            session.close();
        } catch (IOException | RuntimeException e) {
            tell("Spark cannot be ended: " + BulkJob.cause(e));
        }
    }

    private static boolean canBeWritten(Path file) {
        Path folder = file.getParent();
        return Files.exists(file)
                ? Files.isRegularFile(file) && Files.isWritable(file)
                : folder != null && Files.isDirectory(folder) && Files.isWritable(folder);
    }

    private static int failed(Exception e) {
        tell("The job failed: " + BulkJob.cause(e));
        tell("Run it again: what its tasks have written is kept, and nothing comes twice.");
        return 1;
    }

    private static int run(Settings settings, Map<String, String> options, SparkSession session) throws Exception {
        long start = System.nanoTime();
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        JavaRDD<Source> sources = sources(settings, options, session, spark);
        BulkJob job = new BulkJob(spark, settings, options.containsKey(ANY_ADDRESS), SparkBulk::tell);
        Report report;
        try {
            report = job.run(sources);
        } catch (Exception e) {
            if (job.hasBegun()) {
                return failed(e);
            }
            throw e;
        }
        report.lines(Duration.ofNanos(System.nanoTime() - start)).forEach(SparkBulk::tell);
        String file = options.get("--report");
        if (file != null) {
            try {
                Files.write(Path.of(file), JsonMapper.shared().writeValueAsBytes(report));
            } catch (IOException e) {
                tell("The rows are in the table, and the report cannot be written: " + e);
            }
        }
        return report.exitStatus();
    }

    private static JavaRDD<Source> sources(
            Settings settings, Map<String, String> options, SparkSession session, JavaSparkContext spark)
            throws IOException {
        String prefix = options.get("--prefix");
        if (prefix != null) {
            List<Source> found = Inputs.below(prefix, Workshop.of(settings).store());
            tell(found.size() + " objects below " + prefix);
            return Inputs.inTasks(spark, found);
        }
        String keys = options.get("--keys");
        if (keys != null) {
            return Inputs.inTasks(spark, Inputs.keys(Path.of(keys)));
        }
        return Inputs.parquet(
                session,
                String.valueOf(options.get("--parquet")),
                options.getOrDefault("--url-column", "url"),
                options.get("--caption-column"),
                options.get("--tags-column"));
    }

    /** What is wrong with the arguments; null if nothing is. */
    private static @Nullable String read(String[] arguments, Map<String, String> options) {
        for (int i = 0; i < arguments.length; i++) {
            String option = arguments[i];
            if (option.equals(ANY_ADDRESS)) {
                options.put(option, "");
            } else if (!WITH_VALUE.contains(option)) {
                return "there is no option " + option;
            } else if (i + 1 == arguments.length) {
                return option + " needs a value";
            } else {
                options.put(option, arguments[++i]);
            }
        }
        long inputs = Set.of("--prefix", "--keys", "--parquet").stream()
                .filter(options::containsKey)
                .count();
        return inputs == 1 ? null : "one of --prefix, --keys and --parquet is needed";
    }

    private static int refused(String why) {
        tell("spark-bulk: " + why);
        return 2;
    }

    private static void tell(String line) {
        System.err.println(line);
    }
}
