package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others commit between the writing of vectors and their commit. */
class VectorFillIT {
    private static final ModelStamp NEW = new ModelStamp("new", "e".repeat(64), 4);
    private static final VectorColumn COLUMN = VectorColumn.added(NEW);

    @TempDir
    Path data;

    private ObjectStore store;
    private LanceTable table;

    @BeforeEach
    void open() throws IOException {
        store = TestStores.folder(data);
        KnownModels known = new KnownModels(Rows.MODEL);
        table = FolderTables.open(store, data, known);
        append(0, 10);
        append(10, 20);
        assertThat(table.changeModels(models -> models.with(COLUMN))).isTrue();
    }

    @AfterEach
    void close() {
        table.close();
        store.close();
    }

    @Test
    void rowsThatAreDeletedAndAddedMeanwhileDoNotMatter() throws IOException {
        try (StagedVersion staged = table.stageAllFiles()) {
            VectorFill.Filled filled = fill(staged, 0);
            assertThat(table.delete(List.of(Rows.id(3)))).isTrue();
            append(20, 25);

            assertThat(table.commitFill(staged, filled)).isTrue();
        }

        assertThat(table.lackingRows(new LackingVectors(COLUMN))).isEqualTo(15);
        table.snapshots().refresh();
        assertThat(table.reader()
                        .nearest(new NearestQuery(vector(5), 30, true).of(NEW.fingerprint()), TableMeters.UNBOUND)
                        .neighbors())
                .extracting(Neighbor::id)
                .containsExactlyInAnyOrderElementsOf(IntStream.of(0, 1, 2, 4, 5, 6, 7, 8, 9)
                        .mapToObj(n -> Rows.id(n).toString())
                        .toList())
                .startsWith(Rows.id(5).toString());
    }

    @Test
    void aFragmentThatIsFilledByOthersOrMergedMeanwhileIsRefused() throws IOException {
        try (StagedVersion staged = table.stageAllFiles();
                StagedVersion others = table.stageAllFiles();
                StagedVersion merged = table.stageAllFiles()) {
            VectorFill.Filled filled = fill(staged, 0);
            assertThat(table.commitFill(others, fill(others, 0))).isTrue();
            assertThatThrownBy(() -> table.commitFill(staged, filled)).isInstanceOf(OutdatedException.class);

            FragmentRewriter.Compacted compacted = FragmentRewriter.rewrite(merged, Set.of(0, 1), table.datasets());
            assertThatThrownBy(() -> table.commitCompaction(merged, compacted))
                    .as("what was filled must not be lost by a merge of what was before")
                    .isInstanceOf(OutdatedException.class);
        }
        assertThat(table.lackingRows(new LackingVectors(COLUMN))).isEqualTo(10);
    }

    private VectorFill.Filled fill(StagedVersion staged, int fragment) throws IOException {
        Map<ImageId, Embedding> vectors = new HashMap<>();
        IntStream.range(0, 20).forEach(n -> vectors.put(Rows.id(n), vector(n)));
        return VectorFill.fill(staged, COLUMN, fragment, vectors, table.datasets())
                .orElseThrow();
    }

    private void append(int from, int to) throws IOException {
        assertThat(table.append(IntStream.range(from, to).mapToObj(Rows::row).toList()))
                .isTrue();
    }

    private static Embedding vector(int n) {
        return Embedding.ofDirection(new float[] {1, n, n * n, 1});
    }
}
