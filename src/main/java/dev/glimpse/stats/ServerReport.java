package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.IndexJob;
import dev.glimpse.dataset.MemoryState;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableState;
import dev.glimpse.dataset.TableState.IndexState;
import dev.glimpse.dataset.TableState.MaintenanceState;
import dev.glimpse.dataset.TableState.SearchState;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.embedding.Models;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.info.BuildProperties;
import org.springframework.stereotype.Component;

/** Tells how the server is. Asks memory alone. Safe for use by several threads. */
@Component
public final class ServerReport {
    private static final List<String> SCOPES = List.of("read", "upload", "admin");

    private static final List<String> AREAS = List.of("heap", "uploads", "decoder", "arrow", "lance-caches");

    private static final Demonstration DEMONSTRATION = new Demonstration(
            "demonstration model: drawn things only", "GLIMPSE_DATA=photos scripts/run --model siglip2-base");

    private final ImageDataset dataset;
    private final Models models;
    private final ObjectStore store;
    private final Reasons reasons;
    private final Figures figures;
    private final Sampler sampler;
    private final RecentProblems problems;
    private final List<String> formats;
    private final String serverVersion;
    private final Instant startedAt = Instant.now();

    ServerReport(
            ImageDataset dataset,
            Models models,
            ObjectStore store,
            Reasons reasons,
            Figures figures,
            Sampler sampler,
            RecentProblems problems,
            ImageDecoder decoder,
            BuildProperties build) {
        this.dataset = dataset;
        this.models = models;
        this.store = store;
        this.reasons = reasons;
        this.figures = figures;
        this.sampler = sampler;
        this.problems = problems;
        this.formats = decoder.formats().stream().map(ImageFormat::mediaType).toList();
        this.serverVersion = String.valueOf(build.getVersion());
    }

    /**
     * The first six have been in this answer since the first version of the API and keep their names. Why something fails, and
     * where the folder is, are told in full to administrators alone.
     *
     * @param rowCount distinct rows that this server knows, committed or waiting
     * @param lastVectorDim dimension of the embeddings, also while there are none
     * @param bytes of the table's data files; the pictures are not in it
     * @param reading {@code local} or, as long as the table is being copied or if it is not to be, {@code bucket}
     * @param stale whether the bucket does not answer, so that what others have done lately is not known
     * @param asOf when the bucket was asked last, with success
     * @param search how searches look, and how much they find
     * @param maintenance what is due
     * @param store {@code folder} or {@code s3}
     * @param requests what this server has asked of the bucket since its start; zero for a folder
     * @param skippedRows that no search finds, because other software gave them no vector
     * @param writable whether uploads are taken
     * @param problem why they are not
     * @param warning what else is not as it should be
     * @param formats media types of the pictures that are taken
     * @param health how the server is, and why
     * @param pictureBytes of the committed pictures; null where the table is not in memory
     * @param activity what was done since the start
     * @param budgets memory in use, of what has a limit
     * @param costs what the bucket costs
     * @param others what other servers have done
     * @param recentProblems of the log, the latest first
     * @param scopes what this caller may do: {@code read}, {@code upload}, {@code admin}
     */
    public record Stats(
            long rowCount,
            int columnCount,
            Map<String, String> columns,
            int lastVectorDim,
            String tablePath,
            List<IndexState> indices,
            long committedRows,
            long pendingRows,
            long version,
            long fragments,
            long bytes,
            String reading,
            boolean stale,
            Instant asOf,
            SearchState search,
            MaintenanceState maintenance,
            MemoryState memory,
            Model model,
            @Nullable ModelStamp tableModel,
            String store,
            RequestMeter.Totals requests,
            long skippedRows,
            boolean writable,
            @Nullable String problem,
            @Nullable String warning,
            List<String> formats,
            List<String> scopes,
            Job indexJob,
            Instant startedAt,
            String serverVersion,
            Health health,
            @Nullable Long pictureBytes,
            Activity activity,
            List<Budget> budgets,
            Costs costs,
            Others others,
            List<RecentProblems.Entry> recentProblems) {}

    /**
     * How the server is.
     *
     * @param status {@code ok}, {@code degraded}, or {@code refusing} if no uploads are taken
     * @param reasons why it is not {@code ok}, the most important first
     */
    public record Health(String status, List<String> reasons) {}

    /**
     * Memory of one kind, in bytes.
     *
     * @param area {@code heap} of Java; {@code uploads} and {@code decoder}, which are in the heap; {@code arrow} and {@code lance-caches}
     */
    public record Budget(String area, long used, long limit) {}

    /**
     * Other servers on the bucket.
     *
     * @param versions of the table that they have committed since this server started
     * @param lastAt when one of them was seen last
     */
    public record Others(long versions, @Nullable Instant lastAt) {}

    /**
     * The model.
     *
     * @param demonstration what to know of a demonstration model; null for any other
     */
    public record Model(
            String name,
            String fingerprint,
            int dimension,
            String description,
            @Nullable Demonstration demonstration) {}

    /**
     * That a model is there to show how things work.
     *
     * @param note what it knows, in a few words
     * @param command that puts a model for photographs in its place
     */
    public record Demonstration(String note, String command) {}

    public record Job(
            String state,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            @Nullable String message) {}

    /** How the server is now, as far as this caller may know. */
    public Stats stats(HttpServletRequest caller) {
        TableState table = dataset.state();
        ModelDescriptor descriptor = served();
        IndexJob job = dataset.indexJob();
        Freshness freshness = dataset.freshness();
        String problem =
                reasons.againstUploads().map(reason -> reason.to(caller)).orElse(null);
        return new Stats(
                table.committedRows() + table.pendingRows(),
                table.columns().size(),
                table.columns(),
                descriptor.dimension(),
                path(table, caller),
                table.indices(),
                table.committedRows(),
                table.pendingRows(),
                table.version(),
                table.fragments(),
                table.bytes(),
                table.reading().toString(),
                freshness.stale(),
                freshness.asOf(),
                table.search(),
                maintenance(table.maintenance(), caller),
                dataset.memory(),
                new Model(
                        descriptor.name(),
                        descriptor.fingerprint(),
                        descriptor.dimension(),
                        descriptor.description(),
                        Boolean.TRUE.equals(descriptor.demonstration()) ? DEMONSTRATION : null),
                table.model(),
                store.kind(),
                store.meter().totals(),
                table.skippedRows(),
                problem == null,
                problem,
                reasons.warning().map(reason -> reason.to(caller)).orElse(null),
                formats,
                SCOPES.stream().filter(caller::isUserInRole).toList(),
                job(job, caller),
                startedAt,
                serverVersion,
                new Health(
                        reasons.condition().toString(),
                        reasons.all().stream().map(reason -> reason.to(caller)).toList()),
                table.pictureBytes(),
                Activity.of(figures),
                AREAS.stream().map(this::budget).toList(),
                Costs.of(sampler, store.meter(), storedBytes(table)),
                new Others(figures.whole("glimpse.table.versions.others"), dataset.othersAt()),
                problems.latest().stream()
                        .map(entry -> Reasons.mayKnow(caller) ? entry : entry.publicly())
                        .toList());
    }

    /** The model that searches use. */
    private ModelDescriptor served() {
        return dataset.models()
                .served()
                .flatMap(column -> models.of(column.model().fingerprint()))
                .orElse(models.configured())
                .descriptor();
    }

    private Budget budget(String area) {
        return new Budget(
                area,
                Math.round(figures.value("glimpse.memory.used", "area", area)),
                Math.round(figures.value("glimpse.memory.limit", "area", area)));
    }

    private @Nullable Long storedBytes(TableState table) {
        Long pictures = table.pictureBytes();
        return store.filesInPlace().isPresent() || pictures == null ? null : pictures + table.bytes();
    }

    /** In a bucket the same as in every row; of a folder, its place on this machine is left out. */
    private String path(TableState table, HttpServletRequest caller) {
        return Reasons.mayKnow(caller)
                ? table.path()
                : store.filesInPlace()
                        .map(root -> root.relativize(Path.of(table.path())).toString())
                        .orElse(table.path());
    }

    private static MaintenanceState maintenance(MaintenanceState state, HttpServletRequest caller) {
        String failure = state.failure();
        return failure == null
                ? state
                : new MaintenanceState(
                        state.smallFragments(),
                        state.unindexedRows(),
                        state.deletedRows(),
                        state.working(),
                        Reasons.failure(failure, "the last work on the table failed", caller));
    }

    private static Job job(IndexJob job, HttpServletRequest caller) {
        String message = job.message();
        return new Job(
                job.state().toString(),
                job.startedAt(),
                job.finishedAt(),
                message == null ? null : Reasons.failure(message, "the index was not built", caller));
    }
}
