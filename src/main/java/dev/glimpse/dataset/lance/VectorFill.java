package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.fragment.FragmentUpdateResult;
import org.lance.ipc.ScanOptions;
import org.lance.operation.Operation;
import org.lance.operation.Update;

/**
 * Writes vectors into a column of a fragment, in a {@link StagedVersion}. All other columns stay in the files that they are in, and all rows
 * keep their ids. This may take long and changes nothing: the vectors count when {@link LanceTable#commitFill} commits them. Stateless, so any
 * thread may call it.
 */
public final class VectorFill {
    private VectorFill() {}

    /**
     * A fragment with more vectors.
     *
     * @param before the fragment as it was
     * @param after the fragment with a new file for the column
     */
    public record Filled(FragmentMetadata before, FragmentUpdateResult after) {}

    /**
     * Writes the vectors of these pictures into those of their rows that are in a fragment. Empty if none is.
     *
     * @param staged has all files of its version
     * @throws OutdatedException if the fragment or the column does not exist any more
     */
    public static Optional<Filled> fill(
            StagedVersion staged, VectorColumn column, int fragment, Map<ImageId, Embedding> vectors, Datasets datasets)
            throws IOException {
        BufferAllocator allocator = datasets.allocator();
        try (Dataset dataset = Datasets.of(staged, allocator)) {
            Fragment filled = find(dataset, fragment);
            if (!TableSchema.has(dataset.getSchema(), column.name())) {
                throw new OutdatedException("the column " + column.name() + " is gone");
            }
            List<Long> addresses = new ArrayList<>();
            List<Embedding> values = new ArrayList<>();
            ScanOptions ids = new ScanOptions.Builder()
                    .columns(List.of(Columns.ID))
                    .withRowAddress(true)
                    .fragmentIds(List.of(fragment))
                    .build();
            Datasets.scan(dataset, ids, batch -> {
                List<Long> found = Columns.addresses(batch);
                for (int i = 0; i < found.size(); i++) {
                    Embedding vector = Columns.id(batch, i).map(vectors::get).orElse(null);
                    if (vector != null) {
                        addresses.add(found.get(i));
                        values.add(vector);
                    }
                }
            });
            if (addresses.isEmpty()) {
                return Optional.empty();
            }
            FragmentMetadata before = filled.metadata();
            try (OneBatch rows = new OneBatch(rows(column, addresses, values, allocator), allocator);
                    ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
                Data.exportArrayStream(allocator, rows, stream);
                FragmentUpdateResult result = filled.updateColumns(stream, Columns.ROW_ADDRESS, Columns.ROW_ADDRESS);
                return Optional.of(new Filled(before, result));
            }
        }
    }

    private static Fragment find(Dataset dataset, int fragment) {
        return dataset.getFragments().stream()
                .filter(one -> one.getId() == fragment)
                .findFirst()
                .orElseThrow(() -> new OutdatedException("the fragment " + fragment + " is gone"));
    }

    private static VectorSchemaRoot rows(
            VectorColumn column, List<Long> addresses, List<Embedding> values, BufferAllocator allocator) {
        Schema schema = new Schema(List.of(
                Field.nullable(Columns.ROW_ADDRESS, new ArrowType.Int(64, false)),
                TableSchema.vectors(column.name(), column.model().dimension())));
        VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        try {
            root.allocateNew();
            UInt8Vector keys = (UInt8Vector) root.getVector(Columns.ROW_ADDRESS);
            for (int i = 0; i < addresses.size(); i++) {
                keys.setSafe(i, addresses.get(i));
            }
            Columns.setVectors((FixedSizeListVector) root.getVector(column.name()), values);
            root.setRowCount(addresses.size());
            return root;
        } catch (RuntimeException e) {
            root.close();
            throw e;
        }
    }

    /**
     * What commits this on top of a version, which may have lost rows of the fragment meanwhile.
     *
     * @throws OutdatedException if the fragment has other files than it had: it was merged, or others have filled it
     */
    static Operation operation(Dataset dataset, Filled filled) {
        FragmentMetadata now = find(dataset, filled.before().getId()).metadata();
        if (!now.getFiles().equals(filled.before().getFiles())) {
            throw new OutdatedException("the fragment " + now.getId() + " has changed");
        }
        // The new file has all rows that the fragment ever had, by their places, so the rows that are deleted by now do
        // not matter.
        FragmentMetadata after = new FragmentMetadata(
                now.getId(),
                filled.after().getUpdatedFragment().getFiles(),
                now.getPhysicalRows(),
                now.getDeletionFile(),
                now.getRowIdMeta(),
                now.getCreatedAtVersionMeta(),
                now.getLastUpdatedAtVersionMeta());
        return Update.builder()
                .updatedFragments(List.of(after))
                .fieldsModified(filled.after().getFieldsModified())
                .fieldsForPreservingFragBitmap(new long[0])
                .updateMode(Optional.of(Update.UpdateMode.RewriteColumns))
                .build();
    }
}
