package dev.glimpse.dataset;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/**
 * What a process has to know of a table to write rows for it, without reading it: {@link BulkTable#base} gives it, and {@link BulkWriter}
 * takes it. Immutable.
 */
public final class BulkBase implements Serializable {
    private static final long serialVersionUID = 1;

    private final String table;
    private final String folder;
    private final String manifestName;
    private final byte[] manifest;
    private final HashMap<String, String> metadata;

    /**
     * @param table id of the table
     * @param folder prefix of the keys that files of rows get in the store, ending in {@code /}
     * @param manifestName file name of the manifest
     * @param manifest bytes of the manifest of the version that the job began with
     * @param metadata of the table
     */
    BulkBase(String table, String folder, String manifestName, byte[] manifest, Map<String, String> metadata) {
        this.table = table;
        this.folder = folder;
        this.manifestName = manifestName;
        this.manifest = manifest.clone();
        this.metadata = new HashMap<>(metadata);
    }

    /** The id of the table. */
    public String table() {
        return table;
    }

    /** The prefix of the keys that files of rows get in the store, ending in {@code /}. */
    public String folder() {
        return folder;
    }

    public String manifestName() {
        return manifestName;
    }

    /** The bytes of the manifest of the version that the job began with. A copy. */
    public byte[] manifest() {
        return manifest.clone();
    }

    /** The models that the table has vectors of. */
    public TableModels models() {
        return TableModels.of(metadata).orElseThrow(() -> new ForeignTableException("the table has no model"));
    }
}
