package dev.glimpse.upload;

import static org.awaitility.Awaitility.await;

import dev.glimpse.TestPictures;
import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.TestDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.unit.DataSize;

/** The write path of one server, without HTTP; several may work on one bucket. */
final class TestServer implements AutoCloseable {
    private static final ClipModel MODEL = ClipModel.load(Path.of("models/mini-clip"), TestScheduler.SCHEDULER);
    private static final PictureNotes NOTES = new PictureNotes("test.png", null, List.of());

    private final UploadConfiguration configuration = new UploadConfiguration();
    private final ThreadPoolTaskExecutor requests = configuration.picturePuts();
    private final ThreadPoolTaskExecutor chores = configuration.pictureChores();
    private final ThreadPoolTaskExecutor deletes = configuration.pictureDeletes();
    private final ThreadPoolTaskScheduler recoveryThread = configuration.recoveryThread();

    final AtomicBoolean othersAreDead = new AtomicBoolean();
    final MortalStore life;
    final ObjectStore store;
    final ImageDataset dataset;
    final Groups groups;
    final Recovery recovery;
    final Uploader uploader;
    final Remover remover;
    final Restorer restorer;
    final Verifier verifier;

    /**
     * @param work of this server alone
     * @param commitAge how long acknowledged rows wait for their commit
     */
    TestServer(ObjectStore store, Path work, Duration commitAge) {
        this(store, work, commitAge, Groups.RELIABLE);
    }

    TestServer(ObjectStore store, Path work, Duration commitAge, Duration reliable) {
        this(store, work, commitAge, reliable, Recovery.Timing.USUAL, Deletion.PATIENCE);
    }

    /**
     * @param reliable after this time the server does not rely on its markers, as if it had been stopped meanwhile
     * @param timing when it takes others for dead, and how often it looks once {@link Recovery#start} was called
     * @param deletePatience see {@link Deletion}
     */
    TestServer(
            ObjectStore realStore,
            Path work,
            Duration commitAge,
            Duration reliable,
            Recovery.Timing timing,
            Duration deletePatience) {
        this.life = new MortalStore(realStore);
        this.store = life.store();
        CommitProperties policy = new CommitProperties(256, commitAge);
        ModelDescriptor model = MODEL.descriptor();
        requests.initialize();
        chores.initialize();
        deletes.initialize();
        recoveryThread.initialize();
        dataset = ImageDataset.open(
                store,
                work,
                new ModelStamp(model.name(), model.fingerprint(), model.dimension()),
                new TableSettings(
                        policy,
                        new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofSeconds(30)),
                        new MaintenanceProperties(Duration.ofMinutes(30), 10_000, 0.95)));
        groups = new Groups(store, requests, policy, reliable, new Random());
        RowDeriver deriver = new RowDeriver(
                TestScheduler.SCHEDULER,
                new ImageDecoder(TestScheduler.SCHEDULER, ImageDecoder.DEFAULT_MAX_PIXELS),
                MODEL,
                store,
                dataset);
        Turns turns = new Turns(requests);
        Reconciler reconciler = new Reconciler(store, dataset, deriver, turns, chores);
        Deletion deletion = new Deletion(store, dataset, reconciler, turns, groups.server(), deletePatience, deletes);
        Restoration restoration = new Restoration(store, reconciler, turns, groups.server(), chores);
        Pictures pictures = new Pictures(store, chores);
        recovery = new Recovery(
                store,
                dataset,
                pictures,
                reconciler,
                groups,
                deletion,
                restoration,
                server -> othersAreDead.get(),
                timing,
                new Random(),
                chores,
                recoveryThread);
        uploader =
                new Uploader(deriver, store, dataset, groups, recovery, reconciler, turns, model.dimension(), requests);
        verifier = new Verifier(store, dataset, pictures, reconciler, recovery, chores, recoveryThread);
        dataset.whenRowsMayBeMissing(verifier::repairUntilDone);
        remover = new Remover(deletion, store, dataset, recovery, turns, deletes);
        restorer = new Restorer(restoration, store, dataset, reconciler, recovery, turns, deletes);
    }

    static byte[] picture(int n) {
        return TestPictures.png(n);
    }

    static ImageId id(int n) {
        return ImageId.of(picture(n), ImageFormat.PNG);
    }

    static Embedding embedding(int n) {
        return MODEL.embed(new TestDecoder().decode(picture(n)), TestScheduler.ticket())
                .join();
    }

    CompletableFuture<StoredPicture> upload(int n) {
        return uploader.store(picture(n), NOTES, Durability.RECOVERABLE, TestScheduler.ticket());
    }

    CompletableFuture<StoredPicture> uploadCommitted(int n) {
        return uploader.store(picture(n), NOTES, Durability.COMMITTED, TestScheduler.ticket());
    }

    /** Whether a search for this picture finds it, and {@code contains} knows it. */
    boolean finds(int n) {
        List<String> found = dataset.nearest(embedding(n), 10, true).stream()
                .map(Neighbor::id)
                .filter(id(n).toString()::equals)
                .toList();
        if (found.size() > 1) {
            throw new IllegalStateException("found twice: " + found);
        }
        return !found.isEmpty() && dataset.contains(id(n));
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

    /** As {@code kill -9}: nothing that it has not done by now is done. Its threads go on until {@link #close}. */
    void kill() {
        life.die();
    }

    @Override
    public void close() {
        if (!life.isDead()) {
            dataset.flush(Duration.ofSeconds(10));
            groups.awaitNone(Duration.ofSeconds(3));
        }
        recoveryThread.shutdown();
        requests.shutdown();
        chores.shutdown();
        deletes.shutdown();
        dataset.close();
    }
}
