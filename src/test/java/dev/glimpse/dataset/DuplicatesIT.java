package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.DuplicateGroups.Group;
import dev.glimpse.dataset.Likeness.Kind;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.SceneFiles;
import dev.glimpse.testing.SceneFiles.SceneFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forty scenes of the demo in seven files each, among sixty others. {@code scripts/bench duplicates} takes all of them. */
class DuplicatesIT {
    private static final int SCENES = 40;
    private static final int OTHERS = 60;

    @TempDir
    static Path data;

    private static final List<SceneFile> FILES = new ArrayList<>();
    private static ImageDataset dataset;
    private static ModelStamp model;

    @BeforeAll
    static void fill() {
        ObjectStore store = TestStores.folder(data);
        try (SceneFiles scenes = new SceneFiles()) {
            model = new ModelStamp("test", "f".repeat(64), scenes.dimension());
            dataset = ImageDataset.open(store, data.resolve(".glimpse"), model, Rows.AT_ONCE);
            IntStream.range(0, SCENES).forEach(scene -> FILES.addAll(scenes.all(scene)));
            IntStream.range(SCENES, SCENES + OTHERS).forEach(scene -> FILES.add(scenes.original(scene)));
        }
        FILES.stream()
                .map(file -> dataset.add(file.row()))
                .toList()
                .forEach(added -> added.orTimeout(2, TimeUnit.MINUTES).join());
        dataset.settled().join();
    }

    @AfterAll
    static void close() {
        if (dataset != null) {
            dataset.close();
        }
    }

    private static List<Group> groups(@Nullable Kind kind) {
        return dataset.duplicates(kind, null, 1000, pictures -> true, true).groups();
    }

    private static Set<String> ids(Group group) {
        return group.pictures().stream().map(Picture::id).collect(Collectors.toSet());
    }

    private static Set<String> ids(int scene, boolean sameAlone) {
        return FILES.stream()
                .filter(file -> file.scene() == scene && (file.same() || !sameAlone))
                .map(SceneFile::id)
                .collect(Collectors.toSet());
    }

    @Test
    void filesWithTheSamePixelsAreOneGroupEach() {
        assertThat(groups(Kind.SAME)).hasSize(SCENES).allSatisfy(group -> {
            assertThat(group.kind()).isEqualTo(Kind.SAME);
            assertThat(group.count()).isEqualTo(3);
        });
        assertThat(groups(Kind.SAME))
                .extracting(DuplicatesIT::ids)
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, SCENES)
                        .mapToObj(scene -> ids(scene, true))
                        .toList());
    }

    @Test
    void nearlyAllFilesOfASceneAreFoundAndNoneOfAnother() {
        List<Set<String>> found =
                groups(Kind.ALIKE).stream().map(DuplicatesIT::ids).toList();

        long files = found.stream().mapToLong(Set::size).sum();
        assertThat(files).isGreaterThanOrEqualTo(Math.round(0.95 * SCENES * 7));
        assertThat(found)
                .allSatisfy(group -> assertThat(IntStream.range(0, SCENES)
                                .filter(scene -> ids(scene, false).containsAll(group))
                                .count())
                        .isEqualTo(1));
    }

    @Test
    void walkFromGroupToGroupMeetsEachOnceInTheSameOrder() {
        List<Group> walked = new ArrayList<>();
        ListPosition after = null;
        while (true) {
            List<Group> page =
                    dataset.duplicates(null, after, 7, pictures -> true, true).groups();
            if (page.isEmpty()) {
                break;
            }
            walked.addAll(page);
            after = page.get(page.size() - 1).position();
        }

        assertThat(walked).isEqualTo(groups(null));
        assertThat(new HashSet<>(walked)).hasSameSizeAs(walked);
        assertThat(walked).extracting(Group::position).isSorted();
    }

    @Test
    void pictureIsToldWhichOthersLookTheSame() {
        SceneFile original = FILES.get(0);

        List<Likeness> alike =
                dataset.likenesses(original.row().id(), 10).alike().orElseThrow();

        assertThat(alike.stream().limit(2)).allSatisfy(likeness -> {
            assertThat(likeness.kind()).isEqualTo(Kind.SAME);
            assertThat(likeness.distance()).isZero();
        });
        assertThat(alike).isSortedAccordingTo(Likeness.NEAREST_FIRST);
        assertThat(alike).extracting(likeness -> likeness.picture().id()).doesNotContain(original.id());
        assertThat(ids(0, false))
                .containsAll(
                        alike.stream().map(likeness -> likeness.picture().id()).toList());
        SceneFile alone = FILES.get(FILES.size() - 1);
        assertThat(dataset.likenesses(alone.row().id(), 10).alike()).hasValue(List.of());
    }

    @Test
    void hiddenPictureIsInNoGroupAndLikeNoOther() {
        SceneFile hidden = FILES.get(8);
        ImageId id = hidden.row().id();
        dataset.hide(id);
        try {
            assertThat(groups(null))
                    .extracting(DuplicatesIT::ids)
                    .allSatisfy(ids -> assertThat(ids).doesNotContain(id.toString()));
            assertThat(dataset.likenesses(FILES.get(7).row().id(), 10).alike().orElseThrow())
                    .extracting(likeness -> likeness.picture().id())
                    .doesNotContain(id.toString())
                    .isNotEmpty();
        } finally {
            dataset.show(id);
        }
    }

    /** They have the rows that they were made of, and with them files that are deleted. */
    @Test
    void groupsOfATableThatWasGivenUpAreForgottenThoughNobodyAsksForOthers(@TempDir Path folder) {
        ObjectStore store = TestStores.folder(folder);
        try (ImageDataset table = ImageDataset.open(store, folder.resolve(".glimpse"), model, Rows.AT_ONCE)) {
            FILES.stream()
                    .limit(7)
                    .map(file -> table.add(file.row()))
                    .toList()
                    .forEach(added -> added.orTimeout(1, TimeUnit.MINUTES).join());
            table.settled().join();
            assertThat(table.duplicates(null, null, 10, pictures -> true, true).groups())
                    .isNotEmpty();
            assertThat(table.memory().duplicates()).isPositive();

            table.rebuild();
            table.settled().join();

            assertThat(table.memory().duplicates()).isZero();
        }
    }

    @Test
    void rowWithoutAFingerprintIsInNoGroupAndIsCounted() {
        PictureRow bare = FILES.get(0).row();
        PictureRow row =
                new PictureRow(Rows.id(1), "x", bare.vector(), 1, 1, 1, bare.uploadedAt(), null, null, List.of());
        CompletableFuture<Boolean> added = dataset.add(row);
        added.orTimeout(1, TimeUnit.MINUTES).join();
        dataset.settled().join();

        DuplicateGroups found = dataset.duplicates(null, null, 1000, pictures -> true, true);
        assertThat(found.unknown()).isEqualTo(1);
        assertThat(found.complete()).isTrue();
        assertThat(found.groups())
                .extracting(DuplicatesIT::ids)
                .allSatisfy(ids -> assertThat(ids).doesNotContain(Rows.id(1).toString()));
        assertThat(dataset.likenesses(Rows.id(1), 10).alike()).isEmpty();

        assertThat(dataset.remove(Rows.id(1)).join()).isTrue();
        dataset.settled().join();
    }
}
