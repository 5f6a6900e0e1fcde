package dev.glimpse.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Spark in this process: two threads, and three attempts for each task. */
final class LocalSpark {
    private LocalSpark() {}

    static SparkConf conf() {
        return new SparkConf()
                .setMaster("local[2,3]")
                .setAppName("test")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.driver.host", "127.0.0.1");
    }

    static JavaSparkContext start() {
        return new JavaSparkContext(conf());
    }
}
