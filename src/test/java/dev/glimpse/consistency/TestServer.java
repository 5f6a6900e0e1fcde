package dev.glimpse.consistency;

import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.pictures.Editor;
import dev.glimpse.pictures.Remover;
import dev.glimpse.pictures.Restorer;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.upload.StoredPicture;
import dev.glimpse.upload.Uploader;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.unit.DataSize;

/** The write path of one server, without HTTP; several may work on one bucket. */
public final class TestServer implements AutoCloseable {
    private static final ClipModel MODEL = ClipModel.load(Path.of("models/mini-clip"), TestScheduler.SCHEDULER);
    private static final UploadMetadata NOTES = new UploadMetadata("test.png", null, List.of());

    private final ConsistencyConfiguration configuration = new ConsistencyConfiguration();
    private final ThreadPoolTaskExecutor uploads = StoreThreads.unlimitedPool("upload-");
    private final ThreadPoolTaskExecutor markers = configuration.intentMarkerPuts();
    private final ThreadPoolTaskExecutor chores = configuration.pictureChores();
    private final ThreadPoolTaskExecutor deletes = configuration.pictureDeletes();
    private final ThreadPoolTaskScheduler recoveryThread = configuration.recoveryThread();

    /** How long this server has slept, in nanoseconds. */
    private final AtomicLong slept = new AtomicLong();

    final AtomicBoolean othersAreDead = new AtomicBoolean();
    final MortalStore life;
    public final ObjectStore store;
    public final ImageDataset dataset;
    final IntentMarkers intents;
    final UnfinishedChanges unfinished;
    final Recovery recovery;
    public final Uploader uploader;
    final Remover remover;
    final Restorer restorer;
    final Editor editor;
    final Verifier verifier;

    /** As patient as a server, but where tests have to wait. */
    static final WriteTimings TIMINGS = timings(Duration.ofSeconds(40), Duration.ofSeconds(60));

    /**
     * @param reliable after this time the server does not rely on its markers, as if it had been stopped meanwhile
     * @param abandoned after this time it takes other servers for dead
     */
    static WriteTimings timings(Duration reliable, Duration abandoned) {
        return new WriteTimings(
                Duration.ofSeconds(3),
                Duration.ofSeconds(2),
                reliable,
                abandoned,
                abandoned.dividedBy(2),
                Duration.ofMillis(200),
                Duration.ofSeconds(20),
                Duration.ofSeconds(4),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2));
    }

    /**
     * @param work of this server alone
     * @param commitAge how long acknowledged rows wait for their commit
     */
    public TestServer(ObjectStore store, Path work, Duration commitAge) {
        this(store, work, commitAge, TIMINGS);
    }

    TestServer(ObjectStore realStore, Path work, Duration commitAge, WriteTimings timings) {
        this.life = new MortalStore(realStore);
        this.store = life.store();
        CommitProperties policy = new CommitProperties(256, commitAge);
        ModelDescriptor model = MODEL.descriptor();
        uploads.initialize();
        markers.initialize();
        chores.initialize();
        deletes.initialize();
        recoveryThread.initialize();
        dataset = ImageDataset.open(
                store,
                work,
                new ModelStamp(model.name(), model.tableFingerprint(), model.dimension()),
                new TableSettings(
                        policy,
                        new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofSeconds(30)),
                        new MaintenanceProperties(Duration.ofMinutes(30), 10_000, 0.95)));
        intents = new IntentMarkers(store, markers, policy, timings, this::nanoTime, new Random());
        Originals originals = new Originals(store, dataset);
        RowDeriver deriver = new RowDeriver(
                TestScheduler.SCHEDULER,
                new ImageDecoder(TestScheduler.SCHEDULER, ImageDecoder.DEFAULT_MAX_PIXELS),
                new Models(MODEL, Path.of("models/mini-clip"), TestScheduler.SCHEDULER),
                store,
                originals::read,
                () -> dataset.models().models());
        PictureLocks locks = new PictureLocks(chores);
        Reconciler reconciler = new Reconciler(store, dataset, deriver, locks, timings, chores);
        Deletion deletion = new Deletion(store, dataset, reconciler, locks, intents.server(), timings, deletes);
        Restoration restoration = new Restoration(
                store, dataset, originals, deriver, reconciler, locks, intents.server(), 20 << 20, chores);
        Edits edits = new Edits(store, reconciler, locks, intents.server(), timings, chores);
        PictureListing pictures = new PictureListing(store, chores);
        unfinished = new UnfinishedChanges(
                store, reconciler, intents, deletion, restoration, timings, this::nanoTime, chores, recoveryThread);
        recovery = new Recovery(
                store,
                dataset,
                pictures,
                reconciler,
                intents,
                deletion,
                restoration,
                edits,
                server -> othersAreDead.get(),
                timings,
                new Random(),
                chores,
                recoveryThread);
        uploader = new Uploader(
                deriver, store, dataset, intents, unfinished, reconciler, locks, model::dimension, timings);
        verifier = new Verifier(store, dataset, pictures, reconciler, intents, timings, chores, recoveryThread);
        dataset.whenRowsMayBeMissing(verifier::repairUntilDone);
        remover = new Remover(deletion, store, dataset, unfinished, locks, deletes);
        restorer = new Restorer(restoration, store, dataset, reconciler, unfinished, locks, deletes);
        editor = new Editor(edits, dataset, reconciler, unfinished, locks, deletes);
    }

    public static byte[] picture(int n) {
        return TestPictures.png(n);
    }

    public static ImageId id(int n) {
        return ImageId.of(picture(n), ImageFormat.PNG);
    }

    static Embedding embedding(int n) {
        return MODEL.embed(new TestDecoder().decode(picture(n)), TestScheduler.ticket())
                .join();
    }

    CompletableFuture<StoredPicture> upload(int n) {
        return CompletableFuture.supplyAsync(() -> uploader.store(picture(n), NOTES, TestScheduler.ticket()), uploads);
    }

    CompletableFuture<StoredPicture> uploadCommitted(int n) {
        return upload(n)
                .thenApplyAsync(
                        stored -> {
                            uploader.awaitCommitted(stored, TIMINGS.commit());
                            return stored;
                        },
                        uploads);
    }

    CompletableFuture<UploadMetadata> edit(int n, @Nullable String caption) {
        return editor.edit(id(n), notes -> notes.withCaption(caption));
    }

    /** What a search for this picture finds of it: one hit, or none. */
    List<Neighbor> hits(int n) {
        return dataset.nearest(embedding(n), 10, true).stream()
                .filter(hit -> hit.id().equals(id(n).toString()))
                .toList();
    }

    /** Whether a search for this picture finds it, and its row is known. */
    boolean finds(int n) {
        List<Neighbor> found = hits(n);
        if (found.size() > 1) {
            throw new IllegalStateException("found twice: " + found);
        }
        return !found.isEmpty() && dataset.stateOf(id(n)).isShown();
    }

    /** Takes the markers of all other servers for those of dead ones. */
    void recoverAll() {
        othersAreDead.set(true);
        recovery.start();
    }

    /** What a full verification finds. */
    Verifier.Report verify(boolean repair) {
        verifier.start(Long.MAX_VALUE, repair);
        await().until(() -> verifier.report().state() != Verifier.State.RUNNING);
        return verifier.report();
    }

    long rows() {
        return dataset.state().committedRows();
    }

    /** As if the machine of this server had been stopped for this time. Timers are not moved. */
    void sleep(Duration time) {
        slept.addAndGet(time.toNanos());
    }

    private long nanoTime() {
        return System.nanoTime() + slept.get();
    }

    /** As {@code kill -9}: nothing that it has not done by now is done. Its threads go on until {@link #close}. */
    void kill() {
        life.die();
    }

    @Override
    public void close() {
        if (!life.isDead()) {
            dataset.flush(Duration.ofSeconds(10));
            intents.awaitNone(Duration.ofSeconds(3));
        }
        recoveryThread.shutdown();
        uploads.shutdown();
        markers.shutdown();
        chores.shutdown();
        deletes.shutdown();
        dataset.close();
    }
}
