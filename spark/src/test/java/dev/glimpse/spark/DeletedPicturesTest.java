package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Trash;
import dev.glimpse.image.ImageId;
import java.util.List;
import java.util.Map;
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
    void aPictureThatIsDeletedBeforeItsTaskRunsAgainStaysSo() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 10);
        ImageId id = id(pictures.get(4));
        after = context -> {
            if (context.attemptNumber() == 0) {
                store.copy(id.toString(), Trash.key(id));
                store.delete(id.toString());
                throw new IllegalStateException("injected");
            }
        };

        Report report = run(1);

        assertThat(report.deleted()).isEqualTo(1);
        assertThat(report.stored()).isEqualTo(9);
        assertThat(store.head(id.toString())).isEmpty();
        assertThat(rows()).hasSize(9).doesNotContain(id);
    }
}
