package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NumberListsTest {
    @TempDir
    private Path folder;

    private NumberLists lists;

    @BeforeEach
    void begin() {
        lists = new NumberLists(folder);
    }

    @AfterEach
    void end() {
        lists.close();
    }

    @Test
    void listsComeBackAlsoThoseThatCrossTheEndsOfChunks() {
        Random random = new Random(4);
        List<int[]> added = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int length = i == 77 ? 200_000 : random.nextInt(2_000);
            int[] list = random.ints(length, 0, 1_000).toArray();
            added.add(list);
            places.add(lists.add(list));
        }

        for (int i = 0; i < added.size(); i++) {
            assertThat(numbers(places.get(i))).isEqualTo(added.get(i));
        }
    }

    @Test
    void emptyListIsAtPlaceZero() {
        int first = lists.add(new int[] {8});

        assertThat(lists.add(new int[0])).isZero();
        assertThat(numbers(0)).isEmpty();
        assertThat(first).isPositive();
    }

    @Test
    void numbersThatAreWantedAreCounted() {
        int place = lists.add(new int[] {3, 1, 4, 5});
        BitSet wanted = new BitSet();
        wanted.set(4);
        wanted.set(3);
        wanted.set(9);

        assertThat(lists.count(place, wanted)).isEqualTo(2);
        assertThat(lists.count(0, wanted)).isZero();
    }

    @Test
    void placeThatAnotherThreadIsAddingToIsAnEmptyList() {
        assertThat(numbers(1 << 20)).isEmpty();
        assertThat(lists.count(1 << 20, new BitSet())).isZero();
    }

    private int[] numbers(int place) {
        IntStream.Builder numbers = IntStream.builder();
        lists.forEach(place, numbers::add);
        return numbers.build().toArray();
    }
}
