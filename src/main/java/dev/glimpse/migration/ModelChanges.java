package dev.glimpse.migration;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ModelColumns;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableState;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.embedding.InvalidModelException;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.embedding.Models;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an operator asks of the table's models. Each change is one commit, or none. Safe for use by several threads; a change waits for the bucket. */
final class ModelChanges {
    /** Pictures without a vector that an answer names. */
    private static final int NAMED = 10;

    private final Models models;
    private final ImageDataset dataset;
    private final ModelColumns columns;
    private final ObjectStore store;
    private final Migration migration;

    ModelChanges(Models models, ImageDataset dataset, ObjectStore store, Migration migration) {
        this.models = models;
        this.dataset = dataset;
        this.columns = dataset.models();
        this.store = store;
        this.migration = migration;
    }

    /**
     * The models of the table.
     *
     * @param models the active one first; none if the table was not made by Glimpse
     * @param serving name of the model that this server searches with
     * @param note what an operator should know; null if there is nothing
     * @param here models that are on this machine
     */
    record State(
            List<TableModel> models,
            @Nullable String serving,
            @Nullable String note,
            List<ModelHere> here,
            Filling filling) {}

    /**
     * A model that the table has vectors of.
     *
     * @param column of its vectors
     * @param active whether searches use it, on every server that has it
     * @param here whether this server has it
     * @param rowsLeft rows that have no vector of it; null if they have not been counted
     */
    record TableModel(
            String name,
            String fingerprint,
            int dimension,
            String column,
            boolean active,
            boolean here,
            @Nullable Long rowsLeft) {}

    /** A model that is on this machine. */
    record ModelHere(String folder, String name, String fingerprint, int dimension) {}

    /**
     * How far it is.
     *
     * @param state {@code none}; {@code here}; {@code elsewhere} if another server fills; {@code failed} if it is tried again soon
     * @param model whose column is filled; null if none is filled here
     * @param rowsFilled since this server began
     * @param rowsLeft rows that have no vector yet
     * @param rowsPerSecond of this server
     * @param secondsLeft at this pace; null if it is not known
     * @param skippedRows rows whose pictures cannot be embedded
     * @param skipped some of these, and why
     * @param failure what went wrong last
     * @param requests of this server since it began
     */
    record Filling(
            String state,
            @Nullable String model,
            @Nullable Instant startedAt,
            long rowsFilled,
            long rowsLeft,
            double rowsPerSecond,
            @Nullable Long secondsLeft,
            long skippedRows,
            Map<String, String> skipped,
            @Nullable String failure,
            RequestMeter.@Nullable Totals requests) {}

    State state() {
        Optional<TableModels> table = columns.models();
        List<TableModel> known = table.map(TableModels::columns).orElse(List.of()).stream()
                .map(column -> new TableModel(
                        column.model().name(),
                        column.model().fingerprint(),
                        column.model().dimension(),
                        column.name(),
                        column.equals(table.get().active()),
                        columns.knows(column.model().fingerprint()),
                        table.get().other() == null ? null : migration.left(column)))
                .toList();
        return new State(
                known,
                columns.served().map(column -> column.model().name()).orElse(null),
                note(known),
                models.here().stream()
                        .map(one -> new ModelHere(
                                one.folder(),
                                one.descriptor().name(),
                                one.descriptor().tableFingerprint(),
                                one.descriptor().dimension()))
                        .toList(),
                filling());
    }

    private static @Nullable String note(List<TableModel> known) {
        return known.stream()
                .filter(model -> !model.here)
                .map(model -> "this server lacks the model " + model.name
                        + (model.active ? ", so it searches with another one" : "")
                        + ": put its folder beside the one of GLIMPSE_MODEL")
                .findFirst()
                .orElse(null);
    }

    private @Nullable VectorColumn other() {
        return columns.models().map(TableModels::other).orElse(null);
    }

    private Filling filling() {
        Migration.Run run = migration.run();
        Map<ImageId, String> skipped = migration.skipped();
        long left = Optional.ofNullable(run == null ? other() : run.column())
                .map(migration::left)
                .orElse(0L);
        long filled = run == null ? 0 : Math.max(0, run.before() - left);
        double seconds =
                run == null ? 0 : Duration.between(run.started(), Instant.now()).toMillis() / 1e3;
        double pace = seconds == 0 ? 0 : filled / seconds;
        String failure = migration.failure();
        return new Filling(
                failure != null ? "failed" : run != null ? "here" : migration.isElsewhere() ? "elsewhere" : "none",
                run == null ? null : run.column().model().name(),
                run == null ? null : run.started(),
                filled,
                left,
                pace,
                pace == 0 ? null : (long) Math.ceil(left / pace),
                skipped.size(),
                skipped.entrySet().stream()
                        .limit(NAMED)
                        .collect(Collectors.toMap(one -> one.getKey().toString(), Map.Entry::getValue)),
                failure,
                run == null ? null : run.meter().totals());
    }

    /**
     * What it would cost to fill the column of a model.
     *
     * @param folder of the model, as {@link State#here} names it
     * @throws ModelNotFoundException if there is none
     * @throws ModelRefusedException if the table has vectors of it, moves to another one, or is too large for the local copy
     */
    Quote quote(String folder) {
        ModelStamp model = stamp(here(folder));
        requireRoomFor(model, table());
        return quote(model);
    }

    private Quote quote(ModelStamp model) {
        TableState state = dataset.state();
        return Quote.of(
                model,
                state.committedRows(),
                columns.fillCommits(),
                state.pictureBytes(),
                store.filesInPlace().isEmpty());
    }

    /**
     * Gives the table a column for a model, which is filled in the background from then on. Nothing happens if it has one already.
     *
     * @param folder of the model
     * @param mostDollars more than this must not be spent on requests; null for no bound
     * @throws ModelNotFoundException if there is no such model
     * @throws ModelRefusedException if it costs more, the model cannot be used, or the table moves to another one, has this one as its active, or is
     *     too large for the local copy
     */
    void start(String folder, @Nullable Double mostDollars) {
        Models.Here here = here(folder);
        ModelStamp model = stamp(here);
        VectorColumn other = table().other();
        if (other != null && other.model().fingerprint().equals(model.fingerprint())) {
            return;
        }
        requireRoomFor(model, table());
        Quote quote = quote(model);
        if (mostDollars != null && quote.dollars() > mostDollars) {
            throw new ModelRefusedException(String.format(
                    java.util.Locale.ROOT,
                    "it takes about %d requests of class A and %d of class B, which are %.4f dollars, more than the %.4f that are allowed",
                    quote.classA(),
                    quote.classB(),
                    quote.dollars(),
                    mostDollars));
        }
        migration.undisturbed(() -> {
            try {
                models.load(here);
            } catch (InvalidModelException e) {
                throw new ModelRefusedException("the model cannot be used: " + e.getMessage());
            }
            columns.set(model.fingerprint(), true);
            columns.change(now -> {
                requireRoomFor(model, now);
                return now.with(VectorColumn.added(model));
            });
        });
    }

    private void requireRoomFor(ModelStamp model, TableModels table) {
        VectorColumn other = table.other();
        if (table.active().model().fingerprint().equals(model.fingerprint())) {
            throw new ModelRefusedException("the model " + model.name() + " is the active one");
        }
        if (other != null && !other.model().fingerprint().equals(model.fingerprint())) {
            throw new ModelRefusedException(
                    "the table has vectors of " + table.active().model().name() + " and "
                            + other.model().name() + ", and takes two models at most: drop one first");
        }
        if (other == null && !columns.isRoomFor(model)) {
            throw new ModelRefusedException("with the vectors of the model " + model.name()
                    + " the table has more bytes than GLIMPSE_REPLICA_DISK lets be copied to this machine, and a column is filled from that"
                    + " copy: raise it on the servers that shall fill");
        }
    }

    /**
     * Makes a model the active one, for all servers. Nothing happens if it is.
     *
     * @param name of the model, or its fingerprint
     * @param incomplete whether rows may lack a vector of it; they are not found until they have one
     * @throws ModelNotFoundException if the table has no vectors of it
     * @throws ModelRefusedException if this server lacks it, or rows lack a vector
     */
    void activate(String name, boolean incomplete) {
        VectorColumn column = column(name);
        if (column.equals(table().active())) {
            return;
        }
        if (!columns.knows(column.model().fingerprint())) {
            throw new ModelRefusedException(
                    "this server lacks the model " + column.model().name()
                            + ": ask one that has it, or put its folder beside the one of GLIMPSE_MODEL");
        }
        requireFilled(column, incomplete, "would not be found");
        columns.change(now -> now.active().equals(column) ? now : switchedTo(column, now));
    }

    private static TableModels switchedTo(VectorColumn column, TableModels now) {
        if (!column.equals(now.other())) {
            throw new ModelRefusedException(
                    "the table has no vectors of the model " + column.model().name() + " any more");
        }
        return now.switched();
    }

    private void requireFilled(VectorColumn column, boolean incomplete, String consequence) {
        long lacking = incomplete ? 0 : columns.filling(column).left();
        if (lacking > 0) {
            throw new ModelRefusedException(lacking + " rows have no vector of the model "
                    + column.model().name() + " yet and " + consequence
                    + ": wait until they have one, or say incomplete=true");
        }
    }

    /**
     * Takes away the vectors of the model that is not the active one. There is no way back but to fill them again.
     *
     * @param name of the model, or its fingerprint
     * @param incomplete whether rows may lack a vector of the active model; no search finds them then
     * @throws ModelNotFoundException if the table has no vectors of it
     * @throws ModelRefusedException if it is the active one, or rows lack a vector of that one
     */
    void drop(String name, boolean incomplete) {
        VectorColumn column = column(name);
        VectorColumn active = table().active();
        if (column.equals(active)) {
            throw new ModelRefusedException(
                    "the model " + column.model().name() + " is the active one: activate the other one first");
        }
        requireFilled(active, incomplete, "would have none at all");
        columns.change(now -> {
            if (column.equals(now.active())) {
                throw new ModelRefusedException(
                        "the model " + column.model().name() + " has just become the active one");
            }
            return column.equals(now.other()) ? now.with(null) : now;
        });
    }

    private TableModels table() {
        return columns.models()
                .orElseThrow(() -> new ModelRefusedException("the table is not open, or was not made by Glimpse"));
    }

    private VectorColumn column(String name) {
        List<VectorColumn> named = table().columns().stream()
                .filter(column -> name.equals(column.model().name())
                        || name.equals(column.model().fingerprint()))
                .toList();
        if (named.size() > 1) {
            throw new ModelRefusedException(
                    "both models of the table have this name; say which one by its fingerprint: "
                            + named.stream()
                                    .map(column -> column.model().fingerprint())
                                    .collect(Collectors.joining(" or ")));
        }
        return named.stream()
                .findFirst()
                .orElseThrow(
                        () -> new ModelNotFoundException("the table has no vectors of such a model; it has those of "
                                + table().columns().stream()
                                        .map(column -> column.model().name())
                                        .collect(Collectors.joining(" and "))));
    }

    private Models.Here here(String folder) {
        List<Models.Here> here = models.here();
        return here.stream()
                .filter(one -> one.folder().equals(folder))
                .findFirst()
                .orElseThrow(() ->
                        new ModelNotFoundException("there is no folder of this name with a model beside the one of"
                                + " GLIMPSE_MODEL; there are "
                                + here.stream().map(Models.Here::folder).collect(Collectors.joining(", "))));
    }

    private static ModelStamp stamp(Models.Here here) {
        ModelDescriptor descriptor = here.descriptor();
        return new ModelStamp(descriptor.name(), descriptor.tableFingerprint(), descriptor.dimension());
    }
}
