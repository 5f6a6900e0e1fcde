package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.OutdatedException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.Transaction;
import org.lance.index.Index;
import org.lance.operation.CreateIndex;
import org.lance.operation.Operation;
import org.lance.operation.UpdateConfig;
import org.lance.operation.UpdateMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Operations of Lance, as commits need them. Stateless. */
final class Operations {
    private static final Logger log = LoggerFactory.getLogger(Operations.class);

    private Operations() {}

    /** Commits an operation on top of a staged version, in the folder of that version alone. Fails if Lance would have to rebase it. */
    static void commit(Dataset base, Operation operation) {
        try (Transaction transaction = new Transaction.Builder()
                        .readVersion(base.version())
                        .operation(operation)
                        .build();
                Dataset committed = new CommitBuilder(base)
                        .skipAutoCleanup(true)
                        .maxRetries(0)
                        .execute(transaction)) {
            log.debug("made version {}", committed.version());
        }
    }

    /**
     * Puts new parts of the index in the place of old ones.
     *
     * @throws OutdatedException if the old parts, or the fragments of the new ones, do not exist any more
     */
    static Operation replaceIndex(Dataset dataset, IndexBuilder.IndexChange change) {
        List<Index> replaced = IndexBuilder.parts(dataset).stream()
                .filter(part -> change.removed().contains(part.uuid()))
                .toList();
        Set<Integer> fragments =
                dataset.getFragments().stream().map(Fragment::getId).collect(Collectors.toSet());
        boolean known = change.added().stream()
                .allMatch(part -> fragments.containsAll(part.fragments().orElse(List.of())));
        if (replaced.size() < change.removed().size() || !known) {
            throw new OutdatedException("the index or the fragments below it have changed");
        }
        return CreateIndex.builder()
                .withNewIndices(change.added())
                .withRemovedIndices(replaced)
                .build();
    }

    /** Sets these entries of the table's metadata, removes those that are null, and keeps all others. */
    // Lance takes null for an entry that goes.
    @SuppressWarnings("NullAway")
    static Operation metadataUpdate(Map<String, ? extends @Nullable String> metadata) {
        return UpdateConfig.builder()
                .tableMetadataUpdates(UpdateMap.builder()
                        .updates(new HashMap<>(metadata))
                        .replace(false)
                        .build())
                .build();
    }
}
