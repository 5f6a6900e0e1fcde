package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordQuery.Match;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.dataset.words.WordReader;
import dev.glimpse.dataset.words.WordSearch;
import dev.glimpse.testing.Report;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.lance.Dataset;
import org.lance.index.IndexOptions;
import org.lance.index.IndexParams;
import org.lance.index.IndexType;
import org.lance.index.scalar.InvertedIndexParams;
import org.lance.ipc.FullTextQuery;
import org.lance.ipc.LanceScanner;
import org.lance.ipc.ScanOptions;
import org.springframework.util.FileSystemUtils;

/** Searches captions by our index of words (Lucene), and by Lance's inverted index: {@code scripts/bench words}. Arguments: numbers of rows. */
final class WordBench {
    private static final int VOCABULARY = 20_000;
    private static final int QUERIES = 200;
    private static final int WARM_UP = 200;
    private static final int K = 20;
    private static final int BATCH = 10_000;

    /** A filter that rows pass whose number has this remainder. */
    private static final int SHARE = 10;

    private static final Embedding NO_VECTOR = new Embedding(new float[] {1});

    private final Report report;
    private final int rows;
    private final Path folder;

    private WordBench(Report report, int rows, Path folder) {
        this.report = report;
        this.rows = rows;
        this.folder = folder;
    }

    public static void main(String[] args) throws Exception {
        Report report = new Report();
        report.sayMachine();
        report.say(
                "captions: 6 to 13 words of a vocabulary of %,d, of which word n has the share 1 / (n + 10)",
                VOCABULARY);
        for (String rows : args) {
            Path folder = Files.createTempDirectory("words");
            try {
                WordBench bench = new WordBench(report, Integer.parseInt(rows), folder);
                bench.ours();
                bench.lance();
            } finally {
                FileSystemUtils.deleteRecursively(folder);
            }
        }
        System.exit(report.status());
    }

    // ---- what is searched

    private static String word(int n) {
        SplittableRandom random = new SplittableRandom(n);
        StringBuilder word = new StringBuilder();
        for (int i = 4 + random.nextInt(6); i > 0; i--) {
            word.append((i % 2 == 0 ? "bcdfglmnprtvz" : "aeiou").charAt(random.nextInt(i % 2 == 0 ? 13 : 5)));
        }
        return word.toString();
    }

    private static final String[] WORDS =
            IntStream.range(0, VOCABULARY).mapToObj(WordBench::word).toArray(String[]::new);

    private static String drawn(SplittableRandom random) {
        double most = Math.log((VOCABULARY + 10) / 10.0);
        return WORDS[Math.min(VOCABULARY - 1, (int) (10 * Math.exp(random.nextDouble() * most)) - 10)];
    }

    private static String caption(int n) {
        SplittableRandom random = new SplittableRandom(31L * n);
        return Stream.generate(() -> drawn(random)).limit(6 + random.nextInt(8)).collect(Collectors.joining(" "));
    }

    private enum Kind {
        ONE_WORD("one word"),
        TWO_WORDS("two words"),
        PREFIX("beginning of a word"),
        TYPO("a wrong letter"),
        FILTERED("two words, filter of 10 %");

        private final String name;

        Kind(String name) {
            this.name = name;
        }

        String query(int n) {
            SplittableRandom random = new SplittableRandom(1_000_003L * n);
            String word = drawn(random);
            return switch (this) {
                case ONE_WORD -> word;
                case TWO_WORDS, FILTERED -> word + " " + drawn(random);
                case PREFIX -> word.substring(0, 3);
                case TYPO -> word.substring(0, 2) + "x" + word.substring(3);
            };
        }
    }

    private interface Search {
        int hits(Kind kind, String query) throws Exception;
    }

    private void measure(String name, EnumSet<Kind> kinds, Search search) throws Exception {
        for (Kind kind : kinds) {
            for (int n = 0; n < WARM_UP; n++) {
                search.hits(kind, kind.query(QUERIES + n));
            }
            List<Double> millis = new ArrayList<>();
            long hits = 0;
            double cpu = Report.cpuMillis();
            for (int n = 0; n < QUERIES; n++) {
                long start = System.nanoTime();
                hits += search.hits(kind, kind.query(n));
                millis.add((System.nanoTime() - start) / 1e6);
            }
            report.say(
                    "%,9d rows %-7s %-26s p50 %7.2f ms  p95 %7.2f ms  CPU %7.2f ms  hits %.1f",
                    rows,
                    name,
                    kind.name,
                    median(millis),
                    quantile(millis, 0.95),
                    (Report.cpuMillis() - cpu) / QUERIES,
                    hits / (double) QUERIES);
        }
    }

    // ---- ours

    private void ours() throws Exception {
        double cpu = Report.cpuMillis();
        long start = System.nanoTime();
        try (WordIndex index = new WordIndex(folder.resolve("ours"))) {
            for (int n = 0; n < rows; n++) {
                index.put(n, picture(n));
            }
            index.refresh();
            say("ours", "build", start, cpu);
            BitSet all = new BitSet();
            all.set(0, rows);
            BitSet some = new BitSet();
            IntStream.range(0, rows).filter(n -> n % SHARE == 0).forEach(some::set);
            measure(
                    "ours",
                    EnumSet.allOf(Kind.class),
                    (kind, query) -> search(index, query, Match.ANY, kind == Kind.FILTERED ? some : all));
            measure(
                    "sure",
                    EnumSet.allOf(Kind.class),
                    (kind, query) -> search(index, query, Match.MOST, kind == Kind.FILTERED ? some : all));
            report.say(
                    "%,9d rows ours    on disk %.1f MB, heap of rows not in files %.1f MB",
                    rows, index.diskBytes() / 1e6, index.heapBytes() / 1e6);
            List<Double> millis = new ArrayList<>();
            for (int n = 0; n < QUERIES; n++) {
                start = System.nanoTime();
                index.put(rows + n, picture(rows + n));
                index.refresh();
                millis.add((System.nanoTime() - start) / 1e6);
            }
            report.say(
                    "%,9d rows ours    one row more, until it is found: p50 %.2f ms  p95 %.2f ms",
                    rows, median(millis), quantile(millis, 0.95));
        }
    }

    private static Picture picture(int n) {
        return new Picture(
                "id", null, null, null, null, null, Instant.EPOCH.plusSeconds(n), null, caption(n), List.of());
    }

    private static int search(WordIndex index, String text, Match match, BitSet rows) {
        WordQuery query = new WordQuery(List.of(text), List.of(), match, NO_VECTOR, K, RowFilter.NONE);
        try (WordReader reader = index.reader()) {
            return WordSearch.search(List.of(new WordSearch.Part(reader, rows)), query)
                    .size();
        }
    }

    // ---- Lance's

    private void lance() throws Exception {
        Path path = folder.resolve("lance");
        try (BufferAllocator allocator = new RootAllocator();
                Captions captions = new Captions(allocator, 0, rows);
                Dataset dataset = Dataset.write()
                        .allocator(allocator)
                        .reader(captions)
                        .uri(path.toString())
                        .execute()) {
            double cpu = Report.cpuMillis();
            long start = System.nanoTime();
            dataset.createIndex(IndexOptions.builder(
                            List.of("text"),
                            IndexType.INVERTED,
                            IndexParams.builder()
                                    .setScalarIndexParams(InvertedIndexParams.builder()
                                            .baseTokenizer("simple")
                                            .language("English")
                                            .stem(true)
                                            .lowerCase(true)
                                            .asciiFolding(true)
                                            .removeStopWords(false)
                                            .withPosition(false)
                                            .build())
                                    .build())
                    .withIndexName("words")
                    .build());
            say("Lance", "build", start, cpu);
            // It has no search for beginnings of words.
            measure(
                    "Lance",
                    EnumSet.complementOf(EnumSet.of(Kind.PREFIX)),
                    (kind, query) -> search(dataset, kind, query));
            report.say("%,9d rows Lance   on disk %.1f MB", rows, size(path.resolve("_indices")) / 1e6);
        }
    }

    @SuppressWarnings("try") // nobody interrupts this
    private static int search(Dataset dataset, Kind kind, String query) throws Exception {
        FullTextQuery asked = kind == Kind.TYPO
                ? FullTextQuery.match(query, "text", 1f, Optional.of(1), 50, FullTextQuery.Operator.OR, 0)
                : FullTextQuery.match(query, "text");
        ScanOptions.Builder options = new ScanOptions.Builder()
                .columns(List.of("id", "_score"))
                .fullTextQuery(asked)
                .limit(K);
        if (kind == Kind.FILTERED) {
            options.filter("share = 0").prefilter(true);
        }
        int hits = 0;
        try (LanceScanner scanner = dataset.newScan(options.build());
                ArrowReader batches = scanner.scanBatches()) {
            while (batches.loadNextBatch()) {
                hits += batches.getVectorSchemaRoot().getRowCount();
            }
        }
        return hits;
    }

    /** Captions as Lance reads them. */
    private static final class Captions extends ArrowReader {
        private static final Schema SCHEMA = new Schema(List.of(
                new Field("id", FieldType.notNullable(new ArrowType.Int(32, true)), null),
                new Field("share", FieldType.notNullable(new ArrowType.Int(32, true)), null),
                new Field("text", FieldType.nullable(ArrowType.Utf8.INSTANCE), null)));

        private final int end;
        private int next;

        Captions(BufferAllocator allocator, int first, int end) {
            super(allocator);
            this.next = first;
            this.end = end;
        }

        @Override
        public boolean loadNextBatch() throws IOException {
            VectorSchemaRoot batch = getVectorSchemaRoot();
            batch.clear();
            if (next == end) {
                return false;
            }
            int count = Math.min(BATCH, end - next);
            IntVector ids = (IntVector) batch.getVector("id");
            IntVector shares = (IntVector) batch.getVector("share");
            VarCharVector texts = (VarCharVector) batch.getVector("text");
            batch.allocateNew();
            for (int i = 0; i < count; i++) {
                ids.setSafe(i, next + i);
                shares.setSafe(i, (next + i) % SHARE);
                texts.setSafe(i, caption(next + i).getBytes(StandardCharsets.UTF_8));
            }
            batch.setRowCount(count);
            next += count;
            return true;
        }

        @Override
        public long bytesRead() {
            return 0;
        }

        @Override
        protected void closeReadSource() {}

        @Override
        protected Schema readSchema() {
            return SCHEMA;
        }
    }

    // ---- figures

    private void say(String name, String what, long start, double cpu) {
        report.say(
                "%,9d rows %-7s %s %.1f s, CPU %.1f s",
                rows, name, what, (System.nanoTime() - start) / 1e9, (Report.cpuMillis() - cpu) / 1e3);
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
