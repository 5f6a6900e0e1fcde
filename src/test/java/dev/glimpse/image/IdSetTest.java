package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IdSetTest {
    @Test
    void agreesWithASetOfStringsOverManyAdds() {
        Random random = new Random(1);
        IdSet ids = new IdSet();
        Set<ImageId> expected = new HashSet<>();

        for (int i = 0; i < 20_000; i++) {
            ImageId id =
                    ImageId.of(new byte[] {(byte) random.nextInt(100), (byte) random.nextInt(100)}, ImageFormat.PNG);
            assertThat(ids.contains(id)).isEqualTo(expected.contains(id));
            assertThat(ids.add(id)).isEqualTo(expected.add(id));
        }

        assertThat(ids.size()).isEqualTo(expected.size());
        assertThat(expected).allMatch(ids::contains);
    }

    @Test
    void takesOverWhatAnotherSetHasAndItselfHasNot() {
        IdSet some = setOf(0, 3_000);
        IdSet others = setOf(2_000, 5_000);

        some.addAll(others);

        assertThat(some.size()).isEqualTo(5_000);
        assertThat(IntStream.range(0, 5_000)).allMatch(n -> some.contains(id(n)));
        assertThat(others.size()).isEqualTo(3_000);
    }

    /** In several parts of memory, which it asks for each time it grows. */
    @Test
    void largeSetIsInTheMemoryThatItIsGivenAndAgreesWithASetOfStrings() {
        List<Integer> asked = new ArrayList<>();
        List<Integer> released = new ArrayList<>();
        IdSet ids = new IdSet(memory(asked, released));
        int count = IdSet.PART_SLOTS + 10;

        for (int n = 0; n < count; n++) {
            assertThat(ids.add(many(n))).isTrue();
        }
        for (int n = 0; n < count; n += 3) {
            ids.remove(many(n));
        }

        assertThat(asked).containsExactly(2, 4);
        assertThat(released).containsExactly(2);
        assertThat(ids.size()).isEqualTo(count - (count + 2) / 3);
        assertThat(IntStream.range(0, count)).allMatch(n -> ids.contains(many(n)) == (n % 3 != 0));
    }

    @Test
    void setWithRoomDoesNotGrowUntilItIsFull() {
        List<Integer> asked = new ArrayList<>();
        List<Integer> released = new ArrayList<>();
        int count = IdSet.PART_SLOTS;
        IdSet ids = new IdSet(memory(asked, released), count);

        IntStream.range(0, count - 1).forEach(n -> ids.add(many(n)));
        assertThat(ids.hasRoomFor(1)).isTrue();
        assertThat(ids.hasRoomFor(2)).isFalse();
        ids.add(many(count - 1));
        assertThat(asked).containsExactly(2);
        ids.add(many(count));

        assertThat(asked).containsExactly(2, 4);
        assertThat(released).containsExactly(2);
        assertThat(ids.bytes()).isEqualTo(4L * IdSet.PART_SLOTS * 16);
        assertThatThrownBy(() -> new IdSet(IdSet.Memory.HEAP, IdSet.MOST + 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static IdSet.Memory memory(List<Integer> asked, List<Integer> released) {
        return (parts, longs) -> {
            asked.add(parts);
            assertThat(longs).isEqualTo(2 * IdSet.PART_SLOTS);
            return new IdSet.Parts(IdSet.Memory.HEAP.allocate(parts, longs).buffers(), () -> released.add(parts));
        };
    }

    private static ImageId many(int n) {
        return ImageId.of(new byte[] {(byte) n, (byte) (n >> 8), (byte) (n >> 16)}, ImageFormat.PNG);
    }

    @Test
    void tellsWhatItHasInCommonWithAnotherSetAndLosesIt() {
        IdSet some = setOf(0, 3_000);
        IdSet others = setOf(2_990, 50_000);

        IdSet common = some.common(others);

        assertThat(common.size()).isEqualTo(10);
        assertThat(others.common(some).size()).isEqualTo(10);
        assertThat(IntStream.range(2_990, 3_000)).allMatch(n -> common.contains(id(n)));
        some.removeAll(others);
        assertThat(some.size()).isEqualTo(2_990);
        assertThat(IntStream.range(0, 2_990)).allMatch(n -> some.contains(id(n)));
        assertThat(some.common(others).size()).isZero();
    }

    private static IdSet setOf(int from, int to) {
        IdSet ids = new IdSet();
        IntStream.range(from, to).forEach(n -> ids.add(id(n)));
        return ids;
    }

    private static ImageId id(int n) {
        return ImageId.of(new byte[] {(byte) n, (byte) (n >> 8)}, ImageFormat.PNG);
    }

    @Test
    void agreesWithASetOfStringsOverAddsAndRemovesOfColliding() {
        Random random = new Random(2);
        IdSet ids = new IdSet();
        Set<ImageId> expected = new HashSet<>();

        for (int i = 0; i < 50_000; i++) {
            // These low bits choose the slot, so all of them compete for a few.
            String sha256 =
                    "0".repeat(15) + random.nextInt(3) + "%016x".formatted(1 + random.nextInt(60)) + "0".repeat(32);
            ImageId id = new ImageId(sha256, ImageFormat.PNG);
            if (random.nextBoolean()) {
                assertThat(ids.add(id)).isEqualTo(expected.add(id));
            } else {
                ids.remove(id);
                expected.remove(id);
            }
            assertThat(ids.size()).isEqualTo(expected.size());
        }

        assertThat(expected).allMatch(ids::contains);
    }

    @Test
    void sameHashWithAnotherFormatIsAnotherPicture() {
        IdSet ids = new IdSet();
        ImageId png = ImageId.of(new byte[] {1}, ImageFormat.PNG);
        ImageId jpeg = new ImageId(png.sha256(), ImageFormat.JPEG);
        ids.add(png);

        ids.remove(jpeg);

        assertThat(ids.contains(jpeg)).isFalse();
        assertThat(ids.contains(png)).isTrue();
        assertThat(ids.size()).isEqualTo(1);
    }

    @Test
    void aSetIsReadAsItWasWritten() throws Exception {
        IdSet ids = new IdSet();
        List<ImageId> pictures = IntStream.range(0, 3000)
                .mapToObj(i -> ImageId.of(new byte[] {(byte) i, (byte) (i >> 8)}, ImageFormat.PNG))
                .toList();
        pictures.subList(0, 2000).forEach(ids::add);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(ids);
        }

        IdSet read;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            read = (IdSet) in.readObject();
        }

        assertThat(read.size()).isEqualTo(2000);
        assertThat(pictures.subList(0, 2000)).allMatch(read::contains);
        assertThat(pictures.subList(2000, 3000)).noneMatch(read::contains);
        assertThat(read.add(pictures.get(2000))).isTrue();
    }
}
