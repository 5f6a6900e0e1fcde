package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.WordHit;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Tables in folders with rows that an earlier process has left. */
abstract class WarmStarts {
    static final int ROWS = 300;
    private static final int K = 8;

    /** Rows that are nearer have the vector that was asked for. */
    private static final double SAME = 0.01;

    @TempDir
    Path temporary;

    private int folders;

    Path newFolder() throws IOException {
        return Files.createDirectory(temporary.resolve("folder" + folders++));
    }

    static LanceTable open(ObjectStore store, Path work) throws IOException {
        return FolderTables.openIn(store, work, new KnownModels(Rows.MODEL));
    }

    static List<PictureRow> rows(int from, int to, Random random) {
        return IntStream.range(from, to)
                .mapToObj(n -> withLook(n, Pictures.row(n, random)))
                .toList();
    }

    /** Some look the same. */
    private static PictureRow withLook(int n, PictureRow row) {
        return new PictureRow(
                row.id(),
                row.path(),
                row.vector(),
                row.bytes(),
                row.width(),
                row.height(),
                row.uploadedAt(),
                row.filename(),
                row.caption(),
                row.tags(),
                n % 3 == 0 ? null : row.uploadedAt().minusSeconds(n),
                n % 5 == 0 ? null : new Fingerprint(n / 7, n / 7));
    }

    /** What searches of all kinds find. */
    static List<Object> answers(LanceTable table) throws IOException {
        Random random = new Random(9);
        TableReader reader = table.reader();
        LocalRows rows = Objects.requireNonNull(table.snapshots().current().rows());
        List<Object> answers = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            RowFilter filter = i < 3 ? RowFilter.NONE : Pictures.filter(random);
            // From 1,024 rows on they have codes, which depend on the rows that came first.
            boolean exact = random.nextBoolean() || rows.vectors().size() >= 1_000;
            answers.add(nearest(reader, Rows.vector(-i), exact, filter));
            answers.add(nearest(reader, Rows.vector(i), false, filter).stream()
                    .filter(neighbor -> neighbor.distance() < SAME)
                    .toList());
            TableReader.Counted counted = reader.count(filter, Set.of(Rows.id(i).toString()));
            answers.add(counted.counter().facets());
            answers.add(counted.apart());
        }
        for (String text : List.of("dog", "café", "größe", "a", "nothing has this")) {
            WordQuery query = new WordQuery(
                    List.of(text), List.of(), WordQuery.Match.ANY, Rows.vector(-1), 10_000, RowFilter.NONE);
            // Their order depends on rows that are gone, too, as long as their words are still in the files.
            answers.add(reader.words(query, List.of(), Set.of()).hits().stream()
                    .sorted(Comparator.comparing(WordHit::id))
                    .toList());
        }
        answers.add(reader.newest(null, ROWS));
        answers.add(rows.pictureBytes());
        answers.add(rows.duplicates(null, share -> {}).size());
        return answers;
    }

    private static List<Neighbor> nearest(TableReader reader, Embedding vector, boolean exact, RowFilter filter)
            throws IOException {
        return reader.nearest(new NearestQuery(vector, K, exact, filter), TableMeters.UNBOUND)
                .neighbors();
    }

    /** As answered by a server that has read all rows itself. */
    List<Object> expected(ObjectStore store) throws IOException {
        try (LanceTable cold = open(store, newFolder())) {
            cold.snapshots().refresh();
            assertThat(cold.snapshots().rowsRead()).isPositive();
            return answers(cold);
        }
    }

    static RowNotes changed(RowNotes notes) {
        return new RowNotes("another dog.png", "not as before", List.of("new tag", "a"), null);
    }

    Path copy(Path work) throws IOException {
        Path copy = newFolder();
        try (Stream<Path> paths = Files.walk(work)) {
            for (Path path : paths.toList()) {
                Path target = copy.resolve(work.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return copy;
    }
}
