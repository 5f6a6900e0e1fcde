package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.lance.RowColumns.Chunk;
import dev.glimpse.image.ImageFormat;
import java.nio.LongBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts what rows say of their pictures. For one thread. */
final class RowFacets {
    private static final List<RowFilter.Orientation> ORIENTATIONS = List.of(RowFilter.Orientation.values());

    private final Map<String, Integer> numbers;
    private final NumberLists lists;
    private final RowKeys.View keys;

    /**
     * @param numbers of all tags
     * @param lists of the tags of rows
     * @param keys of the rows
     */
    RowFacets(Map<String, Integer> numbers, NumberLists lists, RowKeys.View keys) {
        this.numbers = numbers;
        this.lists = lists;
        this.keys = keys;
    }

    /**
     * Counts rows.
     *
     * @param rows that were put
     * @param chunks that have them
     */
    void count(BitSet rows, List<@Nullable Chunk> chunks, Facets.Counter counter) {
        long[] formats = new long[RowColumns.FORMATS.size() + 1];
        long[] orientations = new long[ORIENTATIONS.size()];
        int[] tags = new int[numbers.size()];
        Months months = new Months(counter);
        Block block = new Block();
        for (int row = rows.nextSetBit(0); row >= 0; ) {
            int start = Chunks.block(row);
            block.load(Chunks.of(row, chunks), keys.microsOf(row / Chunks.ROWS), start % Chunks.ROWS);
            for (; row >= 0 && row - start < Chunks.BLOCK; row = rows.nextSetBit(row + 1)) {
                int at = row - start;
                formats[block.formats[at]]++;
                if (block.hasShape(at)) {
                    orientations[ORIENTATIONS.indexOf(block.orientation(at))]++;
                }
                lists.forEach(block.tags[at], tag -> {
                    if (tag < tags.length) { // Else of a row that is just being replaced.
                        tags[tag]++;
                    }
                });
                months.add(block.micros[at]);
            }
        }
        months.end();
        counter.addRows(rows.cardinality());
        for (ImageFormat format : RowColumns.FORMATS) {
            if (formats[RowColumns.place(format)] > 0) {
                counter.addFormat(format, formats[RowColumns.place(format)]);
            }
        }
        for (int i = 0; i < orientations.length; i++) {
            if (orientations[i] > 0) {
                counter.addOrientation(ORIENTATIONS.get(i), orientations[i]);
            }
        }
        numbers.forEach((tag, number) -> {
            if (number < tags.length && tags[number] > 0) {
                counter.addTag(tag, tags[number]);
            }
        });
    }

    /** What facets count of {@link Chunks#BLOCK} rows, copied onto the heap. */
    private static final class Block {
        final byte[] formats = new byte[Chunks.BLOCK];
        final int[] widths = new int[Chunks.BLOCK];
        final int[] heights = new int[Chunks.BLOCK];
        final int[] tags = new int[Chunks.BLOCK];
        final long[] micros = new long[Chunks.BLOCK];

        void load(Chunk chunk, LongBuffer times, int from) {
            chunk.formats.get(from, formats);
            chunk.widths.get(from, widths);
            chunk.heights.get(from, heights);
            chunk.tags.get(from, tags);
            times.get(from, micros);
        }

        boolean hasShape(int at) {
            return RowColumns.hasShape(widths[at], heights[at]);
        }

        RowFilter.Orientation orientation(int at) {
            return RowFilter.Orientation.of(widths[at], heights[at]);
        }
    }

    /** Counts times day by day, because rows that follow each other nearly always have the same, and finding a month takes long. */
    private static final class Months {
        private static final long DAY_MICROS = 86_400_000_000L;

        private final Facets.Counter counter;
        private long day;

        /** A time of that day. */
        private long time;

        private long rows;

        Months(Facets.Counter counter) {
            this.counter = counter;
        }

        void add(long micros) {
            if (micros == ListPosition.UNKNOWN) {
                return;
            }
            long next = Math.floorDiv(micros, DAY_MICROS);
            if (next != day) {
                end();
                day = next;
                time = micros;
            }
            rows++;
        }

        void end() {
            if (rows > 0) {
                counter.addTime(time, rows);
                rows = 0;
            }
        }
    }
}
