package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Trash;
import dev.glimpse.image.ImageId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.Dependency;
import org.apache.spark.ShuffleDependency;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.apache.spark.shuffle.FetchFailedException;
import org.junit.jupiter.api.Test;

/** Pictures that are deleted before a job or during it. */
class DeletedPicturesTest extends BulkJobs {
    @Test
    void aPictureThatIsDeletedMeanwhileHasNoRow() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 10);
        after = context -> store.delete(id(pictures.get(4)).toString());

        Report report = run(1);

        assertThat(report.gone()).isEqualTo(1);
        assertThat(report.stored()).isEqualTo(9);
        assertThat(rows()).hasSize(9).doesNotContain(id(pictures.get(4)));
    }

    @Test
    void aPictureThatWasDeletedBeforeStaysSo() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 10);
        for (int i = 3; i < 5; i++) {
            ImageId id = id(pictures.get(i));
            store.putIfAbsent(Trash.key(id), pictures.get(i), "image/jpeg", Map.of());
        }
        // Uploaded again after it was deleted.
        store.putIfAbsent(id(pictures.get(4)).toString(), pictures.get(4), "image/jpeg", Map.of());
        store.putIfAbsent(Originals.removedKey(id(pictures.get(5))), new byte[] {1}, "text/plain", Map.of());

        Report report = run(2);

        assertThat(report.deleted()).isEqualTo(2);
        assertThat(report.stored()).isEqualTo(8);
        assertThat(report.exitStatus()).isZero();
        assertThat(rows()).hasSize(8).doesNotContain(id(pictures.get(3)), id(pictures.get(5)));
        assertThat(store.head(id(pictures.get(3)).toString())).isEmpty();
    }

    @Test
    void aListedPictureThatWasDeletedIsNoFailure() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 2);
        ImageId before = id(pictures.get(0));
        ImageId meanwhile = id(pictures.get(1));
        store.putIfAbsent(Trash.key(before), pictures.get(0), "image/jpeg", Map.of());
        // Of a task that has not come to it.
        BulkJobs.before = context -> store.putIfAbsent(Trash.key(meanwhile), pictures.get(1), "image/jpeg", Map.of());
        List<Source> sources = List.of(Source.key(before.toString(), -1), Source.key(meanwhile.toString(), -1));

        Report report = job(settings).run(spark.parallelize(sources, 1));

        assertThat(report.deleted()).isEqualTo(2);
        assertThat(report.exitStatus()).isZero();
    }

    @Test
    void aPictureThatIsDeletedBeforeItsTaskRunsAgainStaysSo() throws Exception {
        staysDeletedThoughItRunsAgain(false);
    }

    @Test
    void aPictureThatIsDeletedBeforeItsStageRunsAgainStaysSo() throws Exception {
        staysDeletedThoughItRunsAgain(true);
    }

    private void staysDeletedThoughItRunsAgain(boolean wholeStage) throws Exception {
        ImageId id = id(Pictures.put(store, "incoming/", 0, 10).get(4));
        JavaRDD<Source> shuffled = incoming(2).repartition(1);
        AtomicInteger failures = new AtomicInteger();
        after = context -> {
            if (failures.getAndIncrement() == 0) {
                store.copy(id.toString(), Trash.key(id));
                store.delete(id.toString());
                if (wholeStage) {
                    // As if the executor that had written what this task reads were lost. Spark takes note of it by
                    // itself.
                    Throwable unused =
                            new FetchFailedException(null, shuffleOf(shuffled.rdd()), -1, -1, 0, "injected", null);
                }
                throw new IllegalStateException("injected");
            }
            assertThat(context.attemptNumber() > 0).isNotEqualTo(wholeStage);
        };

        Report report = job(settings).run(shuffled);

        assertThat(failures).hasValue(2);
        assertThat(report.deleted()).isEqualTo(1);
        assertThat(report.stored()).isEqualTo(9);
        assertThat(store.head(id.toString())).isEmpty();
        assertThat(rows()).hasSize(9).doesNotContain(id);
    }

    private static int shuffleOf(RDD<?> rdd) {
        Dependency<?> dependency = rdd.dependencies().apply(0);
        return dependency instanceof ShuffleDependency<?, ?, ?> shuffle
                ? shuffle.shuffleId()
                : shuffleOf(dependency.rdd());
    }
}
