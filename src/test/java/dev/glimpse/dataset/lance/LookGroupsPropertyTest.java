package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Likeness;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.vectors.VectorIndex;
import dev.glimpse.vectors.VectorView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/** Whatever rows come, change and go, and whenever groups are made: they are those that are made of all rows at once. */
class LookGroupsPropertyTest {
    private static final int ROWS = 40;

    private enum Kind {
        PUT,
        PUT_WITHOUT_FINGERPRINT,
        REMOVE,
        MAKE
    }

    /**
     * @param row that comes, changes or goes
     * @param picture of that row: its pixels, which say all else
     */
    private record Step(Kind kind, int row, int picture) {}

    private Path folder = Path.of("");
    private RowLooks looks = new RowLooks(Path.of("target"));
    private final BitSet live = new BitSet();

    /** The fingerprints of live rows, by row. */
    private final TreeMap<Integer, Fingerprint> fingerprints = new TreeMap<>();

    private VectorIndex vectors = new VectorIndex(Path.of("target"), 2);

    @BeforeTry
    void begin() throws IOException {
        vectors.close();
        looks.close();
        folder = Files.createTempDirectory("groups");
        vectors = new VectorIndex(folder, 2);
        looks = new RowLooks(folder);
        live.clear();
        fingerprints.clear();
    }

    @AfterTry
    void end() throws IOException {
        vectors.close();
        looks.close();
        FileSystemUtils.deleteRecursively(folder);
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.frequencyOf(
                                Tuple.of(8, Arbitraries.just(Kind.PUT)),
                                Tuple.of(1, Arbitraries.just(Kind.PUT_WITHOUT_FINGERPRINT)),
                                Tuple.of(3, Arbitraries.just(Kind.REMOVE)),
                                Tuple.of(2, Arbitraries.just(Kind.MAKE))),
                        Arbitraries.integers().between(0, ROWS - 1),
                        Arbitraries.integers().between(0, 59))
                .as(Step::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 2000)
    void groupsMadeOfThoseBeforeAreThoseMadeOfAllRows(@ForAll("steps") List<Step> steps) {
        LookGroups groups = LookGroups.of(looks.view(live), vectors.view(live), share -> {});
        for (Step step : steps) {
            switch (step.kind) {
                case PUT -> put(step.row, step.picture, new Fingerprint(step.picture, look(step.picture)));
                case PUT_WITHOUT_FINGERPRINT -> put(step.row, step.picture, null);
                case REMOVE -> {
                    live.clear(step.row);
                    fingerprints.remove(step.row);
                }
                case MAKE -> groups = checkedAfter(groups);
            }
        }
        checkedAfter(groups);
    }

    /** Three groups, whose pictures have to be compared with all of the other two. */
    @Example
    void groupsSayWhetherAllPicturesWereCompared() {
        for (int row = 0; row < 200; row++) {
            put(row, row, new Fingerprint(row, 0));
            if (row == ROWS) {
                assertThat(LookGroups.of(looks.view(live), vectors.view(live), share -> {})
                                .complete())
                        .isTrue();
            }
        }

        LookGroups incomplete = LookGroups.of(looks.view(live), vectors.view(live), share -> {});

        assertThat(incomplete.complete()).isFalse();
        assertThat(incomplete
                        .next(looks.view(live), vectors.view(live), share -> {})
                        .complete())
                .isFalse();
    }

    private void put(int row, int picture, @Nullable Fingerprint fingerprint) {
        looks.put(row, fingerprint);
        vectors.replace(row, vector(picture));
        live.set(row);
        if (fingerprint == null) {
            fingerprints.remove(row);
        } else {
            fingerprints.put(row, fingerprint);
        }
    }

    private LookGroups checkedAfter(LookGroups before) {
        RowLooks.View view = looks.view(live);
        VectorView all = vectors.view(live);
        LookGroups made = before.next(view, all, share -> {});
        LookGroups fromScratch = LookGroups.of(view, all, share -> {});

        assertThat(made.complete()).isTrue();
        assertThat(sets(made.all())).isEqualTo(sets(fromScratch.all())).isEqualTo(model(false));
        assertThat(sets(made.same())).isEqualTo(sets(fromScratch.same())).isEqualTo(model(true));
        return made;
    }

    private static Set<Set<Integer>> sets(List<int[]> groups) {
        Set<Set<Integer>> sets = groups.stream()
                .map(rows -> IntStream.of(rows).boxed().collect(Collectors.toSet()))
                .collect(Collectors.toSet());
        assertThat(sets).hasSameSizeAs(groups);
        return sets;
    }

    /** Pairs of all rows, united until nothing changes. */
    private Set<Set<Integer>> model(boolean sameAlone) {
        Set<Set<Integer>> groups = new HashSet<>();
        for (int row : fingerprints.keySet()) {
            Set<Integer> united = new HashSet<>(Set.of(row));
            for (Set<Integer> group : List.copyOf(groups)) {
                if (group.stream().anyMatch(other -> areAlike(row, other, sameAlone))) {
                    groups.remove(group);
                    united.addAll(group);
                }
            }
            groups.add(united);
        }
        groups.removeIf(group -> group.size() == 1);
        return groups;
    }

    private boolean areAlike(int row, int other, boolean sameAlone) {
        int one = picture(row);
        int two = picture(other);
        return one == two
                || (!sameAlone
                        && Long.bitCount(look(one) ^ look(two)) <= Likeness.MOST_LOOK_BITS
                        && one % 3 == two % 3);
    }

    private int picture(int row) {
        return (int) Objects.requireNonNull(fingerprints.get(row)).pixels();
    }

    /** Pictures whose numbers are near look alike: from one to the next, four more bits are set. */
    private static long look(int picture) {
        return picture % 15 == 0 ? 0 : -1L >>> (64 - 4 * (picture % 15));
    }

    /** One of three, which are far from each other. */
    private static float[] vector(int picture) {
        double angle = 2 * Math.PI * (picture % 3) / 3;
        return new float[] {(float) Math.cos(angle), (float) Math.sin(angle)};
    }
}
