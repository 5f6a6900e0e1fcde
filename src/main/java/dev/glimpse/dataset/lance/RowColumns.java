package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.MappedFile;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what rows say of their pictures as filters need it: in files, which are mapped but for the texts. The time of the upload is in {@link RowKeys}.
 * It is not sorted: looking at a column of a million rows takes some milliseconds.
 *
 * <p>A row is known by its row id. One thread puts rows; any number of threads may look at the rows that had been put when they got the
 * {@link View}.
 */
final class RowColumns implements AutoCloseable {
    /** Bytes of the mapped file that a row takes without its tags. */
    static final int BYTES_PER_ROW = 29;

    private static final int CHUNK_ROWS = Chunks.ROWS;

    /** Stands for a value that a row does not have. */
    private static final int NO_SIZE = Integer.MIN_VALUE;

    private static final long NO_NUMBER = ListPosition.UNKNOWN;

    /** A format is known by its place here, counted from 1; 0 is none of ours. */
    static final List<ImageFormat> FORMATS = List.of(ImageFormat.values());

    /** Heap of a tag in {@link #numbers} besides its characters: an entry of the map, the string and its array, the number. */
    private static final int BYTES_PER_TAG = 112;

    private final RowTexts filenames;
    private final RowTexts captions;
    private final MappedFile file;
    private final NumberLists lists;

    /** The numbers of all tags that were ever put, from 0 on. Searches look into it while rows are put. */
    private final Map<String, Integer> numbers = new ConcurrentHashMap<>();

    private List<@Nullable Chunk> chunks = List.of();

    /** About how many bytes of the heap the names of tags take. */
    private long tagBytes;

    static final class Chunk {
        private static final int BYTES = CHUNK_ROWS * BYTES_PER_ROW;

        private final LongBuffer bytes;
        private final LongBuffer taken;
        final IntBuffer widths;
        final IntBuffer heights;

        /** Places of lists. */
        final IntBuffer tags;

        final ByteBuffer formats;

        private Chunk(ByteBuffer memory) {
            bytes = Chunks.longs(memory);
            taken = Chunks.longs(memory);
            widths = Chunks.ints(memory);
            heights = Chunks.ints(memory);
            tags = Chunks.ints(memory);
            formats = Chunks.bytes(memory);
        }

        private boolean hasShape(int at) {
            return RowColumns.hasShape(widths.get(at), heights.get(at));
        }

        private RowFilter.Orientation orientation(int at) {
            return RowFilter.Orientation.of(widths.get(at), heights.get(at));
        }
    }

    /** @param folder on a local disk */
    RowColumns(Path folder) {
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(folder, "columns", Chunk.BYTES));
        lists = files.add(() -> new NumberLists(folder));
        filenames = files.add(() -> new RowTexts(folder));
        captions = files.add(() -> new RowTexts(folder));
    }

    /**
     * Goes on with files that were kept.
     *
     * @throws IOException if one is missing or too short
     */
    RowColumns(KeptInput from) throws IOException {
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(Chunk.BYTES, from));
        lists = files.add(() -> new NumberLists(from));
        filenames = files.add(() -> new RowTexts(from));
        captions = files.add(() -> new RowTexts(from));
        chunks = files.also(() -> {
            for (int tags = from.readInt(); tags > 0; tags--) {
                number(from.readText());
            }
            return Chunks.all(file, Chunk::new);
        });
    }

    /** Brings the files to the disk, and says how another process can go on with them. They stay from now on. */
    void keep(KeptOutput to) throws IOException {
        file.keep(to);
        lists.keep(to);
        filenames.keep(to);
        captions.keep(to);
        String[] tags = new String[numbers.size()];
        numbers.forEach((tag, number) -> tags[number] = tag);
        to.writeInt(tags.length);
        for (String tag : tags) {
            to.writeText(tag);
        }
    }

    /** Adds a row, or replaces what is known of it, also for views that exist. */
    void put(int row, Picture picture) {
        chunks = Chunks.reaching(row, chunks, number -> new Chunk(file.chunk(number)));
        Chunk chunk = Chunks.of(row, chunks);
        int at = row % CHUNK_ROWS;
        chunk.formats.put(
                at,
                ImageFormat.ofMediaType(picture.contentType())
                        .map(RowColumns::place)
                        .orElse(0)
                        .byteValue());
        chunk.widths.put(at, picture.width() == null ? NO_SIZE : picture.width());
        chunk.heights.put(at, picture.height() == null ? NO_SIZE : picture.height());
        chunk.bytes.put(at, picture.bytes() == null ? NO_NUMBER : picture.bytes());
        chunk.taken.put(at, ListPosition.inMicros(picture.takenAt()));
        chunk.tags.put(
                at,
                lists.add(picture.tags().stream()
                        .distinct()
                        .mapToInt(this::number)
                        .toArray()));
        filenames.put(row, picture.filename());
        captions.put(row, picture.caption());
    }

    static int place(ImageFormat format) {
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

    /** Bytes of the mapped files. Any thread may ask. */
    long mappedBytes() {
        return file.bytes() + lists.bytes();
    }

    /** About how many bytes of the heap this takes: only the names of tags are there. */
    long heapBytes() {
        return tagBytes;
    }

    /** @param live rows that were put; not copied, and must not change */
    View view(BitSet live, RowKeys.View keys) {
        return new View(live, chunks, numbers, lists, filenames.view(), captions.view(), keys);
    }

    /** Closes the files, and deletes them unless they were kept. */
    @Override
    public void close() {
        try (filenames;
                captions;
                file;
                lists) {
            chunks = List.of();
        }
    }

    /** A fixed set of rows. Safe for use by several threads. */
    static final class View {
        private final BitSet live;
        private final List<@Nullable Chunk> chunks;
        private final Map<String, Integer> numbers;
        private final NumberLists lists;
        private final RowTexts.View filenames;
        private final RowTexts.View captions;
        private final RowKeys.View keys;

        private View(
                BitSet live,
                List<@Nullable Chunk> chunks,
                Map<String, Integer> numbers,
                NumberLists lists,
                RowTexts.View filenames,
                RowTexts.View captions,
                RowKeys.View keys) {
            this.live = live;
            this.chunks = chunks;
            this.numbers = numbers;
            this.lists = lists;
            this.filenames = filenames;
            this.captions = captions;
            this.keys = keys;
        }

        /** The sum of what the rows say that their pictures have. */
        long pictureBytes() {
            long sum = 0;
            long[] bytes = new long[Chunks.BLOCK];
            for (int row = live.nextSetBit(0); row >= 0; ) {
                int start = Chunks.block(row);
                chunk(row).bytes.get(start % CHUNK_ROWS, bytes);
                for (; row >= 0 && row - start < Chunks.BLOCK; row = live.nextSetBit(row + 1)) {
                    sum += bytes[row - start] == NO_NUMBER ? 0 : bytes[row - start];
                }
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

        /** For one thread. Looks at 64 rows, from this one of a chunk on, and sets the bits of those that meet a condition. */
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
                return each((chunk, at) -> wanted[chunk.formats.get(at)]);
            }
            if (condition instanceof RowFilter.Width width) {
                return sizes(width.range(), chunk -> chunk.widths);
            }
            if (condition instanceof RowFilter.Height height) {
                return sizes(height.range(), chunk -> chunk.heights);
            }
            if (condition instanceof RowFilter.Bytes bytes) {
                return numbers(bytes.range(), chunk -> number(chunk).bytes);
            }
            if (condition instanceof RowFilter.Shape shape) {
                return each((chunk, at) ->
                        chunk.hasShape(at) && shape.orientations().contains(chunk.orientation(at)));
            }
            if (condition instanceof RowFilter.Uploaded uploaded) {
                return numbers(uploaded.micros(), keys::microsOf);
            }
            if (condition instanceof RowFilter.Taken taken) {
                return numbers(taken.micros(), chunk -> number(chunk).taken);
            }
            if (condition instanceof RowFilter.AllTags all) {
                BitSet wanted = numbersOf(all.tags());
                // A tag that nobody has has no number.
                boolean possible = wanted.cardinality() == all.tags().size();
                return each((chunk, at) -> possible
                        && lists.count(chunk.tags.get(at), wanted) == all.tags().size());
            }
            if (condition instanceof RowFilter.AnyTag any) {
                BitSet wanted = numbersOf(any.tags());
                return each((chunk, at) -> lists.count(chunk.tags.get(at), wanted) > 0);
            }
            throw new IllegalArgumentException("no column for " + condition);
        }

        private interface RowTest {
            boolean of(Chunk chunk, int at);
        }

        private Test each(RowTest test) {
            return (number, from) -> {
                Chunk chunk = number(number);
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    met |= test.of(chunk, from + i) ? 1L << i : 0;
                }
                return met;
            };
        }

        private Test sizes(RowFilter.Range range, Function<Chunk, IntBuffer> column) {
            // The least number stands for none.
            long min = Math.max(range.min(), NO_SIZE + 1L);
            long max = range.max();
            int[] values = new int[Long.SIZE];
            return (number, from) -> {
                column.apply(number(number)).get(from, values);
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    long value = values[i];
                    // Without a jump, as nobody can guess which rows pass.
                    met |= ((value >= min ? 1L : 0) & (value <= max ? 1L : 0)) << i;
                }
                return met;
            };
        }

        private static Test numbers(RowFilter.Range range, IntFunction<LongBuffer> column) {
            // The least number stands for none.
            long min = Math.max(range.min(), NO_NUMBER + 1);
            long max = range.max();
            long[] values = new long[Long.SIZE];
            return (number, from) -> {
                column.apply(number).get(from, values);
                long met = 0;
                for (int i = 0; i < Long.SIZE; i++) {
                    long value = values[i];
                    met |= ((value >= min ? 1L : 0) & (value <= max ? 1L : 0)) << i;
                }
                return met;
            };
        }

        private Chunk chunk(int row) {
            return Chunks.of(row, chunks);
        }

        /** The chunk of this number, which has rows. */
        private Chunk number(int chunk) {
            return Objects.requireNonNull(chunks.get(chunk));
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

        /** Counts these rows, which are of this view. */
        void count(BitSet rows, Facets.Counter counter) {
            new RowFacets(numbers, lists, keys).count(rows, chunks, counter);
        }
    }

    static boolean hasShape(int width, int height) {
        return width != NO_SIZE && height != NO_SIZE;
    }
}
