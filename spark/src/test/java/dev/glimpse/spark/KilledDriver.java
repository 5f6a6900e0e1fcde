package dev.glimpse.spark;

import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;

/** A job whose process dies when three of its four tasks have written their rows, as one that is killed: nothing of it runs any more. */
final class KilledDriver {
    static final int STATUS = 99;

    private static final AtomicInteger WRITTEN = new AtomicInteger();

    private KilledDriver() {}

    public static void main(String[] arguments) throws Exception {
        Settings settings = new Settings(System.getenv());
        JavaSparkContext spark = LocalSpark.start();
        new BulkJob(spark, settings, false, Duration.ofSeconds(20), line -> {}, KilledDriver::mortal)
                .run(spark.parallelize(
                        Inputs.below("incoming/", Workshop.of(settings).store()), 4));
    }

    private static FlatMapFunction<Iterator<Source>, TaskReport> mortal(
            FlatMapFunction<Iterator<Source>, TaskReport> task) {
        return sources -> {
            Iterator<TaskReport> reports = task.call(sources);
            if (WRITTEN.incrementAndGet() == 3) {
                Runtime.getRuntime().halt(STATUS);
            }
            return reports;
        };
    }
}
