package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/**
 * Keeps what rows say of their pictures as filters need it: in memory, and the texts in files. The time of the upload is in {@link RowKeys}.
 * It is not sorted: looking at a column of a million rows takes some milliseconds.
 *
 * <p>A row is known by its row id. One thread puts rows; any number of threads may look at the rows that had been put when they got the
 * {@link View}.
 */
final class RowColumns implements AutoCloseable {
    /** Heap that a row takes without its tags, in bytes. */
    static final int BYTES_PER_ROW = 21;

    private static final int CHUNK_ROWS = 1 << 16;

    /** Stands for a value that a row does not have. */
    private static final int NO_SIZE = Integer.MIN_VALUE;

    private static final long NO_BYTES = Long.MIN_VALUE;

    /** A format is known by its place here, counted from 1; 0 is none of ours. */
    private static final List<ImageFormat> FORMATS = List.of(ImageFormat.values());

    private static final int[] NO_TAGS = {};

    /** Heap of a tag in {@link #numbers} besides its characters: an entry of the map, the string and its array, the number. */
    private static final int BYTES_PER_TAG = 112;

    /** Heap of an array besides its values. */
    private static final int BYTES_PER_ARRAY = 16;

    private final RowTexts filenames;
    private final RowTexts captions;

    /** The numbers of all tags that were ever put, from 0 on. Searches look into it while rows are put. */
    private final Map<String, Integer> numbers = new ConcurrentHashMap<>();

    private List<Chunk> chunks = List.of();

    /** About how many bytes of the heap the tags take. */
    private long tagBytes;

    private static final class Chunk {
        private final byte[] formats = new byte[CHUNK_ROWS];

        private final int[] widths = new int[CHUNK_ROWS];
        private final int[] heights = new int[CHUNK_ROWS];
        private final long[] bytes = new long[CHUNK_ROWS];
        private final int[][] tags = new int[CHUNK_ROWS][];
    }

    /** @param folder on a local disk, for texts */
    RowColumns(Path folder) {
        filenames = new RowTexts(folder);
        captions = new RowTexts(folder);
    }

    /** Adds a row, or replaces what is known of it, also for views that exist. */
    void put(int row, Picture picture) {
        if (row / CHUNK_ROWS >= chunks.size()) {
            List<Chunk> more = new ArrayList<>(chunks);
            while (row / CHUNK_ROWS >= more.size()) {
                more.add(new Chunk());
            }
            chunks = List.copyOf(more);
        }
        Chunk chunk = chunks.get(row / CHUNK_ROWS);
        int at = row % CHUNK_ROWS;
        chunk.formats[at] = (byte) ImageFormat.ofMediaType(picture.contentType())
                .map(RowColumns::place)
                .orElse(0)
                .intValue();
        chunk.widths[at] = picture.width() == null ? NO_SIZE : picture.width();
        chunk.heights[at] = picture.height() == null ? NO_SIZE : picture.height();
        chunk.bytes[at] = picture.bytes() == null ? NO_BYTES : picture.bytes();
        chunk.tags[at] = picture.tags().isEmpty()
                ? NO_TAGS
                : picture.tags().stream().distinct().mapToInt(this::number).toArray();
        tagBytes += chunk.tags[at].length == 0 ? 0 : BYTES_PER_ARRAY + (long) Integer.BYTES * chunk.tags[at].length;
        filenames.put(row, picture.filename());
        captions.put(row, picture.caption());
    }

    private static int place(ImageFormat format) {
        return FORMATS.indexOf(format) + 1;
    }

    private int number(String tag) {
        Integer known = numbers.get(tag);
        if (known != null) {
            return known;
        }
        tagBytes += BYTES_PER_TAG + (long) Character.BYTES * tag.length();
        int number = numbers.size();
        numbers.put(tag, number);
        return number;
    }

    /** About how many bytes of the heap so many rows take, with the tags of all rows that were put. */
    long bytes(long rows) {
        return rows * BYTES_PER_ROW + tagBytes;
    }

    /** @param live rows that were put; not copied, and must not change */
    View view(BitSet live, RowKeys.View keys) {
        return new View(live, chunks, numbers, filenames.view(), captions.view(), keys);
    }

    /** Removes the files. */
    @Override
    public void close() {
        filenames.close();
        captions.close();
    }

    /** A fixed set of rows. Safe for use by several threads. */
    static final class View {
        private final BitSet live;
        private final List<Chunk> chunks;
        private final Map<String, Integer> numbers;
        private final RowTexts.View filenames;
        private final RowTexts.View captions;
        private final RowKeys.View keys;

        private View(
                BitSet live,
                List<Chunk> chunks,
                Map<String, Integer> numbers,
                RowTexts.View filenames,
                RowTexts.View captions,
                RowKeys.View keys) {
            this.live = live;
            this.chunks = chunks;
            this.numbers = numbers;
            this.filenames = filenames;
            this.captions = captions;
            this.keys = keys;
        }

        /** Finds the rows that pass a filter. The caller owns the result. */
        BitSet matching(RowFilter filter) {
            BitSet rows = (BitSet) live.clone();
            for (RowFilter.Condition condition : filter.conditions()) {
                if (condition instanceof RowFilter.Filename filename) {
                    rows.and(filenames.matching(filename.text()));
                } else if (condition instanceof RowFilter.Caption caption) {
                    rows.and(captions.matching(caption.text()));
                } else {
                    rows = keep(rows, test(condition));
                }
            }
            return rows;
        }

        /** By whole words, because clearing bits one by one takes several times as long. */
        private static BitSet keep(BitSet rows, IntPredicate test) {
            long[] words = rows.toLongArray();
            for (int i = 0; i < words.length; i++) {
                long kept = words[i];
                for (long rest = kept; rest != 0; rest &= rest - 1) {
                    if (!test.test(i * Long.SIZE + Long.numberOfTrailingZeros(rest))) {
                        kept &= ~Long.lowestOneBit(rest);
                    }
                }
                words[i] = kept;
            }
            return BitSet.valueOf(words);
        }

        private IntPredicate test(RowFilter.Condition condition) {
            if (condition instanceof RowFilter.Format format) {
                boolean[] wanted = new boolean[FORMATS.size() + 1];
                format.formats().forEach(one -> wanted[place(one)] = true);
                return row -> wanted[chunk(row).formats[row % CHUNK_ROWS]];
            }
            if (condition instanceof RowFilter.Width width) {
                return row -> isIn(width.range(), chunk(row).widths[row % CHUNK_ROWS]);
            }
            if (condition instanceof RowFilter.Height height) {
                return row -> isIn(height.range(), chunk(row).heights[row % CHUNK_ROWS]);
            }
            if (condition instanceof RowFilter.Bytes size) {
                return row -> {
                    long bytes = chunk(row).bytes[row % CHUNK_ROWS];
                    return bytes != NO_BYTES && size.range().contains(bytes);
                };
            }
            if (condition instanceof RowFilter.Shape shape) {
                return row -> {
                    int width = chunk(row).widths[row % CHUNK_ROWS];
                    int height = chunk(row).heights[row % CHUNK_ROWS];
                    return width != NO_SIZE
                            && height != NO_SIZE
                            && shape.orientations().contains(RowFilter.Orientation.of(width, height));
                };
            }
            if (condition instanceof RowFilter.Uploaded uploaded) {
                return row -> {
                    long micros = keys.micros(row);
                    return micros != ListPosition.UNKNOWN && uploaded.micros().contains(micros);
                };
            }
            if (condition instanceof RowFilter.AllTags all) {
                BitSet wanted = numbers(all.tags());
                // A tag that nobody has is missing there.
                int count =
                        wanted.cardinality() == all.tags().size() ? all.tags().size() : Integer.MAX_VALUE;
                return row -> count(row, wanted) >= count;
            }
            if (condition instanceof RowFilter.AnyTag any) {
                BitSet wanted = numbers(any.tags());
                return row -> count(row, wanted) > 0;
            }
            throw new IllegalArgumentException("no column for " + condition);
        }

        private Chunk chunk(int row) {
            return chunks.get(row / CHUNK_ROWS);
        }

        private static boolean isIn(RowFilter.Range range, int size) {
            return size != NO_SIZE && range.contains(size);
        }

        private BitSet numbers(Set<String> tags) {
            BitSet known = new BitSet();
            for (String tag : tags) {
                Integer number = numbers.get(tag);
                if (number != null) {
                    known.set(number);
                }
            }
            return known;
        }

        private int count(int row, BitSet wanted) {
            int count = 0;
            for (int tag : chunk(row).tags[row % CHUNK_ROWS]) {
                count += wanted.get(tag) ? 1 : 0;
            }
            return count;
        }

        /** Counts these rows, which are of this view. */
        void count(BitSet rows, Facets.Counter counter) {
            long[] formats = new long[FORMATS.size() + 1];
            int[] tags = new int[numbers.size()];
            Months months = new Months(counter);
            for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
                Chunk chunk = chunk(row);
                formats[chunk.formats[row % CHUNK_ROWS]]++;
                for (int tag : chunk.tags[row % CHUNK_ROWS]) {
                    if (tag < tags.length) { // Else of a row that is just being replaced.
                        tags[tag]++;
                    }
                }
                months.add(keys.micros(row));
            }
            months.end();
            counter.addRows(rows.cardinality());
            for (ImageFormat format : FORMATS) {
                if (formats[place(format)] > 0) {
                    counter.addFormat(format, formats[place(format)]);
                }
            }
            numbers.forEach((tag, number) -> {
                if (number < tags.length && tags[number] > 0) {
                    counter.addTag(tag, tags[number]);
                }
            });
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
