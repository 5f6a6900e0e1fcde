package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What a search makes of the rows of the table and those in memory. */
class OverlayTest {
    private static final Embedding QUERY = new Embedding(new float[] {1, 0});

    @Property(tries = 500)
    void nearestOfTableAndMemoryAreThoseOfASort(@ForAll Random random, @ForAll @IntRange(min = 1, max = 12) int k) {
        List<PictureRow> all =
                IntStream.range(0, 20).mapToObj(n -> row(n, random.nextInt(10))).toList();
        List<PictureRow> table = some(all, random);
        List<PictureRow> memory = some(all, random);
        Set<ImageId> leaving =
                some(all, random).stream().limit(3).map(PictureRow::id).collect(Collectors.toSet());
        Set<String> hidden = Stream.concat(
                        leaving.stream(), some(table, random).stream().limit(2).map(PictureRow::id))
                .map(ImageId::toString)
                .collect(Collectors.toSet());
        Overlay overlay = new Overlay(memory.toArray(new PictureRow[20]), memory.size(), leaving, hidden);

        List<Neighbor> found =
                overlay.nearest(nearest(table.stream(), k + overlay.hiddenRows()), new NearestQuery(QUERY, k, true));

        Set<ImageId> pictures = new HashSet<>();
        assertThat(found)
                .extracting(Neighbor::distance)
                .isEqualTo(nearest(
                                Stream.concat(
                                                table.stream()
                                                        .filter(row -> !hidden.contains(
                                                                row.id().toString())),
                                                memory.stream().filter(row -> !leaving.contains(row.id())))
                                        .filter(row -> pictures.add(row.id())),
                                k)
                        .stream()
                        .map(Neighbor::distance)
                        .toList());
        assertThat(found).extracting(Neighbor::id).doesNotHaveDuplicates();
    }

    @Property(tries = 500)
    void filteredRowsAndCountsOfTableAndMemoryAreThoseOfASort(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 12) int k) {
        List<PictureRow> all =
                IntStream.range(0, 20).mapToObj(n -> Pictures.row(n, random)).toList();
        List<PictureRow> table = some(all, random);
        List<PictureRow> memory = some(all, random);
        Set<ImageId> leaving =
                some(all, random).stream().limit(3).map(PictureRow::id).collect(Collectors.toSet());
        Set<String> hidden = leaving.stream().map(ImageId::toString).collect(Collectors.toSet());
        Overlay overlay = new Overlay(memory.toArray(new PictureRow[20]), memory.size(), leaving, hidden);
        RowFilter filter = Pictures.filter(random);
        Embedding query = Rows.vector(-1);
        List<PictureRow> passing = all.stream()
                .filter(row -> (table.contains(row) || memory.contains(row)) && !leaving.contains(row.id()))
                .filter(filter::matches)
                .toList();
        Facets.Counter ofTable = new Facets.Counter();
        List<Picture> apart = new ArrayList<>();
        table.stream().filter(filter::matches).map(Picture::of).forEach(picture -> {
            if (overlay.ids().contains(picture.id())) {
                apart.add(picture);
            } else {
                ofTable.add(picture);
            }
        });
        Facets.Counter expected = new Facets.Counter();
        passing.stream().map(Picture::of).forEach(expected::add);

        List<Neighbor> found = overlay.nearest(
                nearest(table.stream().filter(filter::matches), k + overlay.hiddenRows(), query),
                new NearestQuery(query, k, true, filter));

        assertThat(found).isEqualTo(nearest(passing.stream(), k, query));
        assertThat(overlay.facets(ofTable, apart, filter)).isEqualTo(expected.facets());
    }

    @Property(tries = 500)
    void newestOfTableAndMemoryAreThoseOfASort(@ForAll Random random, @ForAll @IntRange(min = 1, max = 12) int k) {
        List<PictureRow> all = IntStream.range(0, 20)
                .mapToObj(n -> row(n, 1, Instant.EPOCH.plusSeconds(random.nextInt(5))))
                .toList();
        List<PictureRow> table = some(all, random);
        List<PictureRow> memory = some(all, random);
        Set<ImageId> leaving =
                some(all, random).stream().limit(3).map(PictureRow::id).collect(Collectors.toSet());
        Set<String> hidden = leaving.stream().map(ImageId::toString).collect(Collectors.toSet());
        Overlay overlay = new Overlay(memory.toArray(new PictureRow[20]), memory.size(), leaving, hidden);
        ListPosition after = ListPosition.of(Picture.of(all.get(random.nextInt(20))));
        List<PictureRow> shown = all.stream()
                .filter(row -> (table.contains(row) || memory.contains(row)) && !leaving.contains(row.id()))
                .toList();

        List<Picture> found = overlay.newest(newest(table, after, k + overlay.hiddenRows()), after, k);

        assertThat(found).isEqualTo(newest(shown, after, k));
        assertThat(all)
                .allSatisfy(row -> assertThat(overlay.find(
                                table.contains(row) ? Optional.of(Picture.of(row)) : Optional.empty(), row.id()))
                        .isEqualTo(shown.contains(row) ? Optional.of(Picture.of(row)) : Optional.empty()));
    }

    private static List<Picture> newest(List<PictureRow> rows, ListPosition after, int k) {
        return rows.stream()
                .map(Picture::of)
                .filter(picture -> ListPosition.of(picture).compareTo(after) > 0)
                .sorted(Comparator.comparing(ListPosition::of))
                .limit(k)
                .toList();
    }

    private static List<PictureRow> some(List<PictureRow> rows, Random random) {
        return rows.stream().filter(row -> random.nextBoolean()).toList();
    }

    private static List<Neighbor> nearest(Stream<PictureRow> rows, int k) {
        return nearest(rows, k, QUERY);
    }

    private static List<Neighbor> nearest(Stream<PictureRow> rows, int k, Embedding query) {
        return rows.map(row -> Neighbor.of(row, PictureRow.distance(row.vector(), query)))
                .sorted(Comparator.comparingDouble(Neighbor::distance))
                .limit(k)
                .toList();
    }

    private static PictureRow row(int n, int tenths) {
        return row(n, tenths, Instant.EPOCH);
    }

    private static PictureRow row(int n, int tenths, Instant uploadedAt) {
        return new PictureRow(
                new ImageId("%064x".formatted(n), ImageFormat.PNG),
                "somewhere",
                Embedding.ofDirection(new float[] {tenths / 10f, 1}),
                1,
                1,
                1,
                uploadedAt,
                null,
                null,
                List.of());
    }
}
