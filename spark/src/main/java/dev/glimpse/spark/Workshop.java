package dev.glimpse.spark;

import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.springframework.util.unit.DataSize;

/**
 * What a process has to derive rows with, once for all tasks that run in it: the model with one predictor for each core, the decoder with
 * its limits, and the store. It stays for the life of the process. Safe for use by several threads.
 */
final class Workshop {
    /** As the service takes them: {@code spring.servlet.multipart.max-file-size}. */
    static final DataSize LARGEST = DataSize.ofMegabytes(20);

    /** Pictures in memory at the same time, of all tasks: the encoder has 128 places, and each picture may have 20 MB. */
    private static final int AT_ONCE = 64;

    private static final Map<Settings, Workshop> OPEN = new HashMap<>();
    private static final Map<Path, ClipModel> MODELS = new HashMap<>();
    private static final FairScheduler SCHEDULER =
            new FairScheduler(Runtime.getRuntime().availableProcessors());

    private final Settings settings;
    private final ObjectStore store;
    private final ClipModel model;
    private final Models models;
    private final ImageDecoder decoder;
    private final Semaphore places = new Semaphore(AT_ONCE);

    private Workshop(Settings settings) {
        this.settings = settings;
        this.store = settings.openStore();
        this.model = MODELS.computeIfAbsent(
                settings.model().toAbsolutePath().normalize(), folder -> ClipModel.load(folder, SCHEDULER));
        this.models = new Models(model, settings.model(), SCHEDULER);
        this.decoder = settings.decoding().decoder(SCHEDULER);
    }

    /** The workshop of this process. Loads the model the first time, which takes a second or more. */
    static Workshop of(Settings settings) {
        synchronized (OPEN) {
            return OPEN.computeIfAbsent(settings, Workshop::new);
        }
    }

    ObjectStore store() {
        return store;
    }

    /** The model as tables are marked with it. */
    ModelStamp stamp() {
        ModelDescriptor descriptor = model.descriptor();
        return new ModelStamp(descriptor.name(), descriptor.tableFingerprint(), descriptor.dimension());
    }

    /** Derives rows for a table that has vectors of these models. */
    RowDeriver deriver(TableModels table) {
        return new RowDeriver(
                SCHEDULER, decoder, models, store, id -> store.get(id.toString()), () -> Optional.of(table));
    }

    Ticket ticket() {
        return SCHEDULER.ticket(new Flow("spark", "", Purpose.UPLOAD));
    }

    /** One for each picture that is in memory. */
    Semaphore places() {
        return places;
    }

    /** Fetches pictures by URL. The caller closes it. */
    static UrlFetcher fetcher(boolean anyAddress) {
        return anyAddress ? UrlFetcher.ofAnyAddress(LARGEST) : new UrlFetcher(LARGEST);
    }

    @Override
    public String toString() {
        return "Workshop[" + settings + "]";
    }
}
