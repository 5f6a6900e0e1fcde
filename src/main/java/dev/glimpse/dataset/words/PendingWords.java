package dev.glimpse.dataset.words;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Keeps the words of rows that are in memory, as far as searches have asked for them. Safe for use by several threads. */
public final class PendingWords implements AutoCloseable {
    private final WordIndex index;
    private final IdentityHashMap<PictureRow, Integer> numbers = new IdentityHashMap<>();
    private int next;

    /** @param parent on a local disk, for files that go with this */
    public PendingWords(Path parent) {
        index = new WordIndex(parent);
    }

    /** Rows in memory, to be searched. */
    public record Reading(WordReader reader, Map<Integer, PictureRow> rows) implements AutoCloseable {
        /** The part of a search that finds those of them that meet a condition. */
        public WordSearch.Part part(Predicate<PictureRow> condition) {
            BitSet wanted = new BitSet();
            rows.forEach((number, row) -> {
                if (condition.test(row)) {
                    wanted.set(number);
                }
            });
            return new WordSearch.Part(reader, wanted);
        }

        /** The row that was found. */
        public PictureRow row(int number) {
            return Objects.requireNonNull(rows.get(number));
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    /** Reads exactly these rows; remembers their words for the next time. To be closed by the caller. */
    public synchronized Reading read(List<PictureRow> rows) {
        Map<Integer, PictureRow> numbered = new HashMap<>();
        boolean changed = false;
        for (PictureRow row : rows) {
            @Nullable Integer known = numbers.get(row);
            if (known == null) {
                known = next++;
                numbers.put(row, known);
                index.put(known, Picture.of(row));
                changed = true;
            }
            numbered.put(known, row);
        }
        if (numbers.size() > numbered.size()) {
            numbers.values().retainAll(numbered.keySet());
            BitSet stay = new BitSet();
            numbered.keySet().forEach(stay::set);
            index.retain(stay);
            changed = true;
        }
        if (changed) {
            index.refresh();
        }
        return new Reading(index.reader(), numbered);
    }

    /** See {@link WordIndex#isBroken}. */
    public boolean isBroken() {
        return index.isBroken();
    }

    /** Bytes of the heap; see {@link WordIndex#heapBytes}. */
    public long heapBytes() {
        return index.heapBytes();
    }

    /** Bytes of all files. */
    public long diskBytes() {
        return index.diskBytes();
    }

    @Override
    public void close() {
        index.close();
    }
}
