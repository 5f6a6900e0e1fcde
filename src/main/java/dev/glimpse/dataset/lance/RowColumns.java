package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageFormat;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Keeps what rows say of their pictures as filters need it: in memory, and the texts in files. The time of the upload is in {@link RowKeys}.
 * It is not sorted: looking at a column of a million rows takes some milliseconds.
 *
 * <p>A row is known by its row id. One thread puts rows; any number of threads may look at the rows that had been put when they got the
 * {@link View}.
 */
final class RowColumns implements AutoCloseable {
    /** Heap that a row takes without its tags, in bytes. */
    static final int BYTES_PER_ROW = 29;

    private static final int CHUNK_ROWS = Chunks.ROWS;

    private static final List<RowFilter.Orientation> ORIENTATIONS = List.of(RowFilter.Orientation.values());

    /** Stands for a value that a row does not have. */
    private static final int NO_SIZE = Integer.MIN_VALUE;

    private static final long NO_NUMBER = ListPosition.UNKNOWN;

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
        private final long[] taken = new long[CHUNK_ROWS];
        private final int[][] tags = new int[CHUNK_ROWS][];

        private Chunk() {
            Arrays.fill(tags, NO_TAGS);
        }

        private boolean hasShape(int at) {
            return widths[at] != NO_SIZE && heights[at] != NO_SIZE;
        }

        private RowFilter.Orientation orientation(int at) {
            return RowFilter.Orientation.of(widths[at], heights[at]);
        }
    }

    /** @param folder on a local disk, for texts */
    RowColumns(Path folder) {
        filenames = new RowTexts(folder);
        captions = new RowTexts(folder);
    }

    /** Adds a row, or replaces what is known of it, also for views that exist. */
    void put(int row, Picture picture) {
        chunks = Chunks.reaching(row, chunks, Chunk::new);
        Chunk chunk = chunks.get(row / CHUNK_ROWS);
        int at = row % CHUNK_ROWS;
        chunk.formats[at] = (byte) ImageFormat.ofMediaType(picture.contentType())
                .map(RowColumns::place)
                .orElse(0)
                .intValue();
        chunk.widths[at] = picture.width() == null ? NO_SIZE : picture.width();
        chunk.heights[at] = picture.height() == null ? NO_SIZE : picture.height();
        chunk.bytes[at] = picture.bytes() == null ? NO_NUMBER : picture.bytes();
        chunk.taken[at] = ListPosition.inMicros(picture.takenAt());
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

        /** The sum of what the rows say that their pictures have. */
        long pictureBytes() {
            long sum = 0;
            for (int row = live.nextSetBit(0); row >= 0; row = live.nextSetBit(row + 1)) {
                long bytes = chunks.get(row / CHUNK_ROWS).bytes[row % CHUNK_ROWS];
                sum += bytes == NO_NUMBER ? 0 : bytes;
            }
            return sum;
        }

        /** Finds the rows that pass a filter. The caller owns the result. */
        BitSet matching(RowFilter filter) {
            BitSet rows = (BitSet) live.clone();
            for (RowFilter.Condition condition : filter.conditions()) {
                if (rows.isEmpty()) {
                    break;
                }
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

        /** Looks at 64 rows, from this one of a chunk on, and sets the bits of those that meet a condition. */
        private interface Test {
            long of(int chunk, int from);
        }

        /** By whole words, because rows one by one take several times as long. */
        private static BitSet keep(BitSet rows, Test test) {
            long[] words = rows.toLongArray();
            for (int i = 0; i < words.length; i++) {
                if (words[i] != 0) {
                    int row = i * Long.SIZE;
                    words[i] &= test.of(row / CHUNK_ROWS, row % CHUNK_ROWS);
                }
            }
            return BitSet.valueOf(words);
        }

        private Test test(RowFilter.Condition condition) {
            if (condition instanceof RowFilter.Format format) {
                boolean[] wanted = new boolean[FORMATS.size() + 1];
                format.formats().forEach(one -> wanted[place(one)] = true);
                return each((chunk, at) -> wanted[chunk.formats[at]]);
            }
            if (condition instanceof RowFilter.Width width) {
                return sizes(width.range(), chunk -> chunk.widths);
            }
            if (condition instanceof RowFilter.Height height) {
                return sizes(height.range(), chunk -> chunk.heights);
            }
            if (condition instanceof RowFilter.Bytes bytes) {
                return numbers(bytes.range(), chunk -> chunks.get(chunk).bytes);
            }
            if (condition instanceof RowFilter.Shape shape) {
                return each((chunk, at) ->
                        chunk.hasShape(at) && shape.orientations().contains(chunk.orientation(at)));
            }
            if (condition instanceof RowFilter.Uploaded uploaded) {
                return numbers(uploaded.micros(), keys::microsOf);
            }
            if (condition instanceof RowFilter.Taken taken) {
                return numbers(taken.micros(), chunk -> chunks.get(chunk).taken);
            }
            if (condition instanceof RowFilter.AllTags all) {
                BitSet wanted = numbersOf(all.tags());
                // A tag that nobody has has no number.
                boolean possible = wanted.cardinality() == all.tags().size();
                return each((chunk, at) ->
                        possible && count(chunk.tags[at], wanted) == all.tags().size());
            }
            if (condition instanceof RowFilter.AnyTag any) {
                BitSet wanted = numbersOf(any.tags());
                return each((chunk, at) -> count(chunk.tags[at], wanted) > 0);
            }
            throw new IllegalArgumentException("no column for " + condition);
        }

        private interface RowTest {
            boolean of(Chunk chunk, int at);
        }

        private Test each(RowTest test) {
            return (number, from) -> {
                Chunk chunk = chunks.get(number);
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    met |= test.of(chunk, from + i) ? 1L << i : 0;
                }
                return met;
            };
        }

        private Test sizes(RowFilter.Range range, Function<Chunk, int[]> column) {
            // The least number stands for none.
            long min = Math.max(range.min(), NO_SIZE + 1L);
            long max = range.max();
            return (number, from) -> {
                int[] values = column.apply(chunks.get(number));
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    long value = values[from + i];
                    // Without a jump, as nobody can guess which rows pass.
                    met |= ((value >= min ? 1L : 0) & (value <= max ? 1L : 0)) << i;
                }
                return met;
            };
        }

        private static Test numbers(RowFilter.Range range, IntFunction<long[]> column) {
            // The least number stands for none.
            long min = Math.max(range.min(), NO_NUMBER + 1);
            long max = range.max();
            return (number, from) -> {
                long[] values = column.apply(number);
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    long value = values[from + i];
                    met |= ((value >= min ? 1L : 0) & (value <= max ? 1L : 0)) << i;
                }
                return met;
            };
        }

        private Chunk chunk(int row) {
            return chunks.get(row / CHUNK_ROWS);
        }

        private BitSet numbersOf(Set<String> tags) {
            BitSet known = new BitSet();
            for (String tag : tags) {
                Integer number = numbers.get(tag);
                if (number != null) {
                    known.set(number);
                }
            }
            return known;
        }

        private static int count(int[] tags, BitSet wanted) {
            int count = 0;
            for (int tag : tags) {
                count += wanted.get(tag) ? 1 : 0;
            }
            return count;
        }

        /** Counts these rows, which are of this view. */
        void count(BitSet rows, Facets.Counter counter) {
            long[] formats = new long[FORMATS.size() + 1];
            long[] orientations = new long[ORIENTATIONS.size()];
            int[] tags = new int[numbers.size()];
            Months months = new Months(counter);
            for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
                Chunk chunk = chunk(row);
                int at = row % CHUNK_ROWS;
                formats[chunk.formats[at]]++;
                if (chunk.hasShape(at)) {
                    orientations[ORIENTATIONS.indexOf(chunk.orientation(at))]++;
                }
                for (int tag : chunk.tags[at]) {
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
