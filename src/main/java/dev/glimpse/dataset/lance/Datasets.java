package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.MemoryState;
import dev.glimpse.dataset.replica.StagedVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.ReadOptions;
import org.lance.Session;
import org.lance.ipc.LanceScanner;
import org.lance.ipc.ScanOptions;

/**
 * Opens versions of the table, in a folder or in the bucket, and limits the memory that they take. Whoever gets a {@link Dataset} closes
 * it. Owns Arrow's allocator and Lance's caches. Safe for use by several threads.
 */
public final class Datasets implements AutoCloseable {
    /**
     * Bytes of Lance's cache for searches by its index, in the bucket and where they are measured. The graphs of 100,000 rows take 180 MB.
     * Lance's own defaults are 6 GiB, and 1 GiB for metadata.
     */
    private static final long INDEX_CACHE_BYTES = 256L << 20;

    /** Bytes of Lance's cache for other reads, and for metadata in both cases. */
    private static final long CACHE_BYTES = 8L << 20;

    /** Bytes of Arrow memory that Java may take: for rows that are written and hits that are read. */
    private static final long ARROW_BYTES = 256L << 20;

    private final BufferAllocator allocator = new RootAllocator(ARROW_BYTES);
    private final Session session = session(CACHE_BYTES);
    private final Optional<BucketAccess> bucket;

    /** Caches with room for an index, as long as the bucket is searched. Guarded by this. */
    private @Nullable Session bucketSession;

    /** @param bucket where Lance finds the table when it is not read in a folder */
    Datasets(Optional<BucketAccess> bucket) {
        this.bucket = bucket;
    }

    public BufferAllocator allocator() {
        return allocator;
    }

    boolean haveBucket() {
        return bucket.isPresent();
    }

    /** @throws DamagedTableException if that version cannot be read */
    Dataset inFolder(Path folder, long version) {
        return readable(
                "version " + version + " of the table", () -> open(folder.toString(), version, Map.of(), session));
    }

    /**
     * Opens files on this machine. A failure means that they are damaged.
     *
     * @param what names what is opened, as the beginning of a sentence
     * @throws DamagedTableException if that fails
     */
    // Lance throws IOException too, without declaring it.
    @SuppressWarnings("CatchingUnchecked")
    private static Dataset readable(String what, Supplier<Dataset> opening) {
        try {
            return opening.get();
        } catch (Exception e) {
            throw new DamagedTableException(what + ": " + DamagedTableException.sentence(e), e);
        }
    }

    /** Opens a version in the bucket, to be read once. */
    Dataset inBucket(long version) {
        return inBucket(version, session);
    }

    /** Opens a version in the bucket, to be searched many times. Its caches stay until {@link #forgetBucket}. */
    Dataset searchedInBucket(long version) {
        return inBucket(version, bucketSession());
    }

    private Dataset inBucket(long version, Session caches) {
        BucketAccess access = bucket.orElseThrow(() -> new IllegalStateException("files of the table are missing"));
        return open(access.uri(), version, access.options(), caches);
    }

    /**
     * Opens the newest version of a {@link StagedVersion} without caches, because it is opened once.
     *
     * @throws DamagedTableException if its manifest cannot be read
     */
    static Dataset of(StagedVersion staged, BufferAllocator allocator) {
        return readable(
                "the manifest",
                () -> Dataset.open()
                        .allocator(allocator)
                        .uri(staged.folder().toString())
                        .build());
    }

    interface Use<T> {
        T of(Dataset dataset) throws IOException;
    }

    /** Opens a version for searches of its index by Lance, and closes it with its caches afterwards. */
    <T> T indexInFolder(Path folder, long version, Use<T> use) throws IOException {
        try (Session caches = session(INDEX_CACHE_BYTES);
                Dataset dataset = open(folder.toString(), version, Map.of(), caches)) {
            return use.of(dataset);
        }
    }

    private Dataset open(String uri, long version, Map<String, String> storageOptions, Session caches) {
        return Dataset.open()
                .allocator(allocator)
                .uri(uri)
                .readOptions(new ReadOptions.Builder()
                        .setSession(caches)
                        .setVersion(version)
                        .setStorageOptions(storageOptions)
                        .build())
                .build();
    }

    private static Session session(long indexBytes) {
        return Session.builder()
                .indexCacheSizeBytes(indexBytes)
                .metadataCacheSizeBytes(CACHE_BYTES)
                .build();
    }

    private synchronized Session bucketSession() {
        Session caches = bucketSession;
        if (caches == null) {
            caches = session(INDEX_CACHE_BYTES);
            bucketSession = caches;
        }
        return caches;
    }

    /** Closes the caches for searches in the bucket, which is not searched any more. */
    synchronized void forgetBucket() {
        Session caches = bucketSession;
        if (caches != null) {
            bucketSession = null;
            caches.close();
        }
    }

    /** Hands over each batch. A batch is valid during that call only. */
    // The scanner's close() declares Exception, so the compiler fears an interrupt that it never throws.
    @SuppressWarnings("try")
    public static void scan(Dataset dataset, ScanOptions options, Consumer<VectorSchemaRoot> batches)
            throws IOException {
        try (LanceScanner scanner = dataset.newScan(options);
                ArrowReader reader = scanner.scanBatches()) {
            while (reader.loadNextBatch()) {
                batches.accept(reader.getVectorSchemaRoot());
            }
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("cannot end the scan", e);
        }
    }

    /**
     * What memory is used.
     *
     * @param codes bytes of codes on the heap, which the caller knows
     * @param columns bytes of columns on the heap, which the caller knows
     * @param words bytes of words on the heap, which the caller knows
     * @param wordFiles bytes of the files of words, which the caller knows
     */
    synchronized MemoryState memory(long codes, long columns, long words, long wordFiles) {
        Session caches = bucketSession;
        return new MemoryState(
                allocator.getAllocatedMemory(),
                ARROW_BYTES,
                session.sizeBytes() + (caches == null ? 0 : caches.sizeBytes()),
                2 * CACHE_BYTES + (caches == null ? 0 : INDEX_CACHE_BYTES + CACHE_BYTES),
                codes,
                columns,
                words,
                0,
                wordFiles);
    }

    /** Call this once, when no dataset that this has opened is open. */
    @Override
    public void close() {
        forgetBucket();
        session.close();
        allocator.close();
    }
}
