package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.BulkBase;
import dev.glimpse.dataset.BulkColumn;
import dev.glimpse.dataset.BulkFragment;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.PackedIds;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.WriteParams;
import org.lance.fragment.DataFile;
import org.lance.ipc.LanceScanner;
import org.lance.ipc.ScanOptions;
import org.lance.operation.Append;
import org.lance.operation.Operation;
import org.lance.schema.LanceField;

/**
 * Writes files of rows for a table of which it has the manifest alone, in a folder of its own. What it writes changes nothing until
 * {@link LanceTable#append(Map, Map)} commits it. For one thread. Owns Arrow memory.
 */
public final class FragmentWriter implements AutoCloseable {
    /** Larger files cannot be copied by one request in every store. */
    private static final long FILE_BYTES = 2L << 30;

    /** Bytes of Arrow memory: for the batch that is made, and those that Lance has taken and not written yet. */
    private static final long ARROW_BYTES = 256L << 20;

    private final Path folder;
    private final BulkBase base;
    private final BufferAllocator allocator = new RootAllocator(ARROW_BYTES);

    /** @param folder is made, and remains the caller's to remove */
    public FragmentWriter(Path folder, BulkBase base) throws IOException {
        this.folder = folder;
        this.base = base;
        Path manifest = folder.resolve(TableLocation.VERSIONS + base.manifestName());
        Files.createDirectories(manifest.getParent());
        Files.write(manifest, base.manifest());
    }

    /**
     * A file of rows that was written.
     *
     * @param file on the local disk
     * @param fragment what a commit has to know of it; its key ends in the name of the file
     */
    public record Written(Path file, BulkFragment fragment) {}

    /**
     * Writes all rows. Takes them as it needs them, so few are in memory.
     *
     * @param rows what its methods throw is thrown here
     */
    public List<Written> write(Iterator<PictureRow> rows) throws IOException {
        List<ImageId> ids = new ArrayList<>();
        TableModels models = base.models();
        try (Dataset table = open();
                RowStream stream =
                        new RowStream(rows, table.getSchema(), models.columns(), row -> ids.add(row.id()), allocator)) {
            return written(write(stream), ids, table);
        }
    }

    /**
     * Writes the rows of a file once more, without those of some pictures. At least one row must be left.
     *
     * @param file of rows that was written for the same table
     * @param without the pictures whose rows are left out
     */
    // The scanner's close() declares Exception, so the compiler fears an interrupt that it never throws.
    @SuppressWarnings("try")
    public List<Written> rewrite(Path file, BulkFragment fragment, Collection<ImageId> without) throws IOException {
        String name = file.getFileName().toString();
        Path copy = folder.resolve(TableLocation.DATA + name);
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
        IdSet left = new IdSet();
        without.forEach(left::add);
        List<ImageId> ids = fragment.idsThat(id -> !left.contains(id));
        try (Dataset table = open()) {
            Operations.commit(table, append(table, Map.of(TableLocation.DATA + name, fragment)));
        }
        try (Dataset with = open()) {
            int number =
                    with.getFragments().stream().mapToInt(Fragment::getId).max().orElseThrow();
            ScanOptions rest = new ScanOptions.Builder()
                    .fragmentIds(List.of(number))
                    // An id is made of hex digits and a few letters, so there is nothing to quote.
                    .filter(Columns.ID
                            + without.stream()
                                    .map(id -> "'" + id + "'")
                                    .collect(Collectors.joining(", ", " NOT IN (", ")")))
                    .build();
            try (LanceScanner scanner = with.newScan(rest);
                    ArrowReader rows = scanner.scanBatches();
                    BatchStream stream = relay(rows, with.getSchema())) {
                return written(write(stream), ids, with);
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException("cannot end the scan", e);
            }
        }
    }

    private Dataset open() {
        return Dataset.open().allocator(allocator).uri(folder.toString()).build();
    }

    private BatchStream relay(ArrowReader rows, Schema table) {
        return new BatchStream(table, allocator) {
            @Override
            boolean next(Batches batches) throws IOException {
                boolean more = rows.loadNextBatch();
                if (more) {
                    batches.take(rows.getVectorSchemaRoot());
                }
                return more;
            }
        };
    }

    private List<FragmentMetadata> write(BatchStream rows) throws IOException {
        try (ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
            Data.exportArrayStream(allocator, rows, stream);
            return Fragment.write()
                    .datasetUri(folder.toString())
                    .allocator(allocator)
                    .data(stream)
                    .mode(WriteParams.WriteMode.APPEND)
                    .maxBytesPerFile(FILE_BYTES)
                    .execute();
        } catch (RuntimeException e) {
            rows.requireWhole();
            throw e;
        }
    }

    private List<Written> written(List<FragmentMetadata> fragments, List<ImageId> ids, Dataset table) {
        List<Written> all = new ArrayList<>();
        int row = 0;
        for (FragmentMetadata fragment : fragments) {
            int rows = Math.toIntExact(fragment.getPhysicalRows());
            if (rows > 0) {
                DataFile file = fragment.getFiles().get(0);
                Path path = folder.resolve(TableLocation.DATA + file.getPath());
                all.add(new Written(path, describe(file, path, ids.subList(row, row + rows), table)));
            }
            row += rows;
        }
        if (row != ids.size()) {
            throw new IllegalStateException("wrote " + row + " rows of " + ids.size());
        }
        return all;
    }

    private BulkFragment describe(DataFile file, Path path, List<ImageId> ids, Dataset table) {
        List<Integer> fields = IntStream.of(file.getFields()).boxed().toList();
        return new BulkFragment(
                base.table(),
                base.models().active().model().fingerprint(),
                base.folder() + file.getPath(),
                path.toFile().length(),
                columns(table, fields),
                fields,
                IntStream.of(file.getColumnIndices()).boxed().toList(),
                file.getFileMajorVersion(),
                file.getFileMinorVersion(),
                PackedIds.of(ids));
    }

    /**
     * What commits these rows on top of a version.
     *
     * @param fragments by the names that their files have in the table
     * @throws OutdatedException if the version lacks a column of theirs
     */
    static Operation append(Dataset base, Map<String, BulkFragment> fragments) {
        Set<BulkColumn> columns = columns(base);
        List<FragmentMetadata> added = new ArrayList<>();
        fragments.forEach((name, fragment) -> {
            if (!columns.containsAll(fragment.columns())) {
                throw new OutdatedException("the columns of the table have changed since the rows were written");
            }
            DataFile file = new DataFile(
                    name.substring(TableLocation.DATA.length()),
                    fragment.fields().stream().mapToInt(Integer::intValue).toArray(),
                    fragment.positions().stream().mapToInt(Integer::intValue).toArray(),
                    fragment.major(),
                    fragment.minor(),
                    fragment.bytes(),
                    noBase());
            added.add(fragment(file, fragment.rows()));
        });
        return Append.builder().fragments(added).build();
    }

    /** All columns of a version. */
    static Set<BulkColumn> columns(Dataset dataset) {
        Map<String, String> types = TableSchema.describe(dataset.getSchema());
        Map<String, String> models = TableModels.of(dataset.getTableMetadata()).stream()
                .flatMap(written -> written.columns().stream())
                .collect(Collectors.toMap(
                        VectorColumn::name, column -> column.model().fingerprint()));
        return dataset.getLanceSchema().fields().stream()
                .map(field -> new BulkColumn(
                        field.getName(),
                        field.getId(),
                        String.valueOf(types.get(field.getName())),
                        models.getOrDefault(field.getName(), "")))
                .collect(Collectors.toSet());
    }

    /** Those columns of a version that have some of these numbers. */
    private static List<BulkColumn> columns(Dataset dataset, List<Integer> fields) {
        Set<String> names = new HashSet<>();
        for (LanceField field : dataset.getLanceSchema().fields()) {
            Set<Integer> numbers = new HashSet<>();
            addNumbers(List.of(field), numbers);
            if (fields.stream().anyMatch(numbers::contains)) {
                names.add(field.getName());
            }
        }
        return columns(dataset).stream()
                .filter(column -> names.contains(column.name()))
                .sorted(Comparator.comparingInt(BulkColumn::field))
                .toList();
    }

    // Lance takes null for what is not there.
    @SuppressWarnings("NullAway")
    private static FragmentMetadata fragment(DataFile file, long rows) {
        return new FragmentMetadata(0, List.of(file), rows, null, null);
    }

    private static @Nullable Integer noBase() {
        return null;
    }

    private static void addNumbers(List<LanceField> fields, Set<Integer> numbers) {
        for (LanceField field : fields) {
            numbers.add(field.getId());
            addNumbers(field.getChildren(), numbers);
        }
    }

    /** Gives the memory back. Twice is fine. */
    @Override
    public void close() {
        allocator.close();
    }
}
