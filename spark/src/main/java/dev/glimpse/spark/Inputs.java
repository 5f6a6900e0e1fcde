package dev.glimpse.spark;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Trash;
import dev.glimpse.dataset.BulkTable;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.jspecify.annotations.Nullable;

/** Where the sources of a job come from. Stateless. */
final class Inputs {
    /** Prefixes of what Glimpse keeps for itself. */
    private static final List<String> OURS = List.of(
            "vectors/",
            Trash.KEYS,
            "pending/",
            "lease/",
            BulkTable.FOLDER,
            Originals.KEYS,
            "decisions/",
            "doctor/",
            "meta/",
            ".glimpse/");

    /** A task is run again as a whole if it fails, so it should not take hours. */
    private static final int MOST_A_TASK = 20_000;

    /** Fewer make tasks whose begin and end take longer than their pictures. */
    private static final int LEAST_A_TASK = 64;

    /** Tasks for each core, so that no core is idle for long at the end. */
    private static final int TASKS_A_CORE = 4;

    private Inputs() {}

    /**
     * All objects of the store below a prefix, without the empty ones by which some programs show folders.
     *
     * @throws IllegalArgumentException if Glimpse keeps something of its own there
     */
    static List<Source> below(String prefix, ObjectStore store) {
        if (prefix.isEmpty() || OURS.stream().anyMatch(ours -> prefix.startsWith(ours) || ours.startsWith(prefix))) {
            throw new IllegalArgumentException(
                    "--prefix must be the beginning of keys of pictures, such as incoming/ or " + "images/, and "
                            + (prefix.isEmpty() ? "it is empty" : prefix + " is Glimpse's own"));
        }
        List<Source> sources = new ArrayList<>();
        store.list(prefix, object -> {
            if (object.bytes() > 0 || !object.key().endsWith("/")) {
                sources.add(Source.key(object.key(), object.bytes()));
            }
        });
        sources.sort(Comparator.comparing(Source::place));
        return sources;
    }

    /** One key of the store a line; blank lines and lines that start with # are skipped. */
    static List<Source> keys(Path list) throws IOException {
        return Files.readAllLines(list).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(key -> Source.key(key, -1))
                .toList();
    }

    static JavaRDD<Source> inTasks(JavaSparkContext spark, List<Source> sources) {
        return spark.parallelize(sources, tasks(sources.size(), spark.defaultParallelism()));
    }

    /** How many tasks so many sources are for so many cores. */
    static int tasks(long sources, int cores) {
        long most = Math.max(1, sources / LEAST_A_TASK);
        long least = (sources + MOST_A_TASK - 1) / MOST_A_TASK;
        return Math.toIntExact(Math.max(1, Math.max(least, Math.min(most, (long) TASKS_A_CORE * cores))));
    }

    /**
     * Columns of a Parquet file or folder, wherever Spark reads it.
     *
     * @param caption column of captions, null if there is none
     * @param tags column of tags, null if there is none: a list of texts, or a text in which commas part them
     * @throws IllegalArgumentException if there is no such column, or its values are of another type
     */
    static JavaRDD<Source> parquet(
            SparkSession session, String path, String url, @Nullable String caption, @Nullable String tags) {
        Dataset<Row> table = session.read().parquet(path);
        List<String> columns = Arrays.asList(table.columns());
        for (String column : new String[] {url, caption, tags}) {
            if (column != null && !columns.contains(column)) {
                throw new IllegalArgumentException(path + " has no column " + column + "; it has " + columns);
            }
        }
        requireText(table, url, false);
        if (tags != null) {
            requireText(table, tags, true);
        }
        Dataset<Row> wanted = table.select(
                functions.col(url),
                caption == null
                        ? functions.lit(null).cast("string")
                        : functions.col(caption).cast("string"),
                tags == null ? functions.lit(null).cast("string") : functions.col(tags));
        JavaRDD<Source> sources =
                wanted.toJavaRDD().filter(row -> !row.isNullAt(0)).map(Inputs::source);
        return sources.repartition(tasks(sources.count(), session.sparkContext().defaultParallelism()));
    }

    private static void requireText(Dataset<Row> table, String column, boolean orList) {
        DataType type = table.schema().apply(column).dataType();
        boolean isList = type instanceof ArrayType list && list.elementType() instanceof StringType;
        if (!(type instanceof StringType) && !(orList && isList)) {
            throw new IllegalArgumentException("the column " + column + " is of " + type.simpleString()
                    + ", and has to be of string" + (orList ? " or array<string>" : ""));
        }
    }

    private static Source source(Row row) {
        String caption = row.isNullAt(1) ? null : row.getString(1);
        return Source.url(row.get(0).toString(), caption, row.isNullAt(2) ? List.of() : tags(row));
    }

    private static List<String> tags(Row row) {
        return row.get(2) instanceof String text
                ? Arrays.asList(text.split(",", -1))
                : row.<String>getList(2).stream().filter(Objects::nonNull).toList();
    }
}
