package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Says which rows of the table have been read. For one thread. */
final class LoadedRows {
    /** The version that was read last, or 0. Rows that were written later are read again. */
    long version;

    /**
     * The columns of that version that are read: name to type and number. When they change, rows show something else, though they are not written
     * again.
     */
    Map<String, String> columns = Map.of();

    /** Each fragment of that version, as it was. */
    private final Map<Integer, Manifest.FragmentState> fragments = new HashMap<>();

    /** Numbers of all fragments that were ever read. */
    private final BitSet seen;

    /** Rows that have no vector, so that searches cannot compare them. */
    final BitSet unusable;

    /** The rows of the version that was read last, and those that were put since. */
    BitSet live;

    /** Rows that an earlier process has put after what it kept: some files may have what it put, and others what they had before. */
    BitSet torn = new BitSet();

    /** How many rows were written into the files, those that are gone or were written again too: they take room as long as the files do. */
    long written;

    LoadedRows() {
        seen = new BitSet();
        unusable = new BitSet();
        live = new BitSet();
    }

    LoadedRows(KeptInput from) throws IOException {
        version = from.readLong();
        columns = new HashMap<>();
        for (int left = from.readInt(); left > 0; left--) {
            columns.put(from.readText(), from.readText());
        }
        for (int left = from.readInt(); left > 0; left--) {
            int id = from.readInt();
            long rows = from.readLong();
            long deletedRows = from.readLong();
            List<String> files = new ArrayList<>();
            for (int more = from.readInt(); more > 0; more--) {
                files.add(from.readText());
            }
            fragments.put(id, new Manifest.FragmentState(id, rows, deletedRows, files));
        }
        seen = from.readBits();
        unusable = from.readBits();
        live = from.readBits();
        written = from.readLong();
    }

    /** Whether most of what the files have is of rows that are gone or were written again, so that new files are smaller. */
    static boolean isWorn(long written, long live) {
        return written > 2 * Math.max(live, CheckpointPace.FEW_ROWS);
    }

    /** Says that rows are to be read of these columns. If they are others than before, all rows are to be read. */
    void read(Map<String, String> now) {
        if (!columns.equals(now)) {
            fragments.clear();
            version = 0;
            columns = now;
        }
    }

    /** Whether this fragment may have rows that are to be read. */
    boolean isChanged(Manifest.FragmentState fragment) {
        Manifest.FragmentState before = fragments.get(fragment.id());
        return before == null || !before.files().equals(fragment.files()) || isRestored(fragment);
    }

    /**
     * Whether the fragment has rows that it had lost, as another client has restored an earlier version of the table. What is kept of these rows may
     * be of a version since then.
     */
    boolean isRestored(Manifest.FragmentState fragment) {
        Manifest.FragmentState before = fragments.get(fragment.id());
        return before == null ? seen.get(fragment.id()) : fragment.deletedRows() < before.deletedRows();
    }

    /** Says that the rows of this fragment have been read. */
    void read(Manifest.FragmentState fragment) {
        fragments.put(fragment.id(), fragment);
        seen.set(fragment.id());
    }

    /** Says that this row has been put. */
    void put(int row) {
        live.set(row);
        torn.clear(row);
        written++;
    }

    /**
     * Rows that are to be read though no fragment has changed, as another client has restored an earlier version: they had been deleted, or are as they
     * were when they were kept. The caller owns the result.
     *
     * @param now the rows of the version that is being read
     */
    BitSet unread(BitSet now) {
        BitSet unread = (BitSet) live.clone();
        unread.andNot(torn);
        unread.flip(0, now.length());
        unread.and(now);
        return unread;
    }

    /**
     * Says that all rows of a version have been read.
     *
     * @param rows of the version
     */
    void read(Manifest manifest, BitSet rows) {
        fragments
                .keySet()
                .retainAll(manifest.fragments().stream()
                        .map(Manifest.FragmentState::id)
                        .collect(Collectors.toSet()));
        live = (BitSet) rows.clone();
        torn.clear();
        version = manifest.version();
    }

    void writeTo(KeptOutput to) throws IOException {
        to.writeLong(version);
        to.writeInt(columns.size());
        for (Map.Entry<String, String> column : columns.entrySet()) {
            to.writeText(column.getKey());
            to.writeText(column.getValue());
        }
        to.writeInt(fragments.size());
        for (Manifest.FragmentState fragment : fragments.values()) {
            to.writeInt(fragment.id());
            to.writeLong(fragment.rows());
            to.writeLong(fragment.deletedRows());
            to.writeInt(fragment.files().size());
            for (String file : fragment.files()) {
                to.writeText(file);
            }
        }
        to.writeBits(seen);
        to.writeBits(unusable);
        to.writeBits(live);
        to.writeLong(written);
    }
}
