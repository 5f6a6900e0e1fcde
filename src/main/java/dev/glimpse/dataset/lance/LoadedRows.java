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
    /** The version that was read last, or 0 if all rows are to be read. Rows that were written later are read again. */
    long version;

    /**
     * The columns of that version that are read: name to type and number. When they change, rows show something else, though they are not written
     * again.
     */
    Map<String, String> columns = Map.of();

    /** Each fragment of that version, as it was. */
    private final Map<Integer, Fragment> fragments = new HashMap<>();

    /** Rows that have no vector, so that searches cannot compare them. */
    final BitSet unusable;

    /** The rows of the version that was read last, and those that were put since. */
    BitSet live;

    /** Rows that an earlier process has changed after what it kept: some files may have what came then, and others what they had before. */
    BitSet torn = new BitSet();

    /** How many rows were written into the files, those that are gone or were written again too: they take room as long as the files do. */
    long written;

    /** What tells whether a fragment is as it was. */
    private record Fragment(long deletions, List<String> files) {
        static Fragment of(Manifest.FragmentState fragment) {
            return new Fragment(fragment.deletions(), fragment.files());
        }
    }

    LoadedRows() {
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
            long deletions = from.readLong();
            List<String> files = new ArrayList<>();
            for (int more = from.readInt(); more > 0; more--) {
                files.add(from.readText());
            }
            fragments.put(id, new Fragment(deletions, files));
        }
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

    /**
     * Whether this fragment may have rows that are to be read. That its rows are others is enough: another client may have restored an earlier version
     * of the table, which has rows that were updated since, and deleted others.
     */
    boolean isChanged(Manifest.FragmentState fragment) {
        return !Fragment.of(fragment).equals(fragments.get(fragment.id()));
    }

    /** Whether this fragment may have vectors of rows that had none. */
    boolean hasNewFiles(Manifest.FragmentState fragment) {
        Fragment before = fragments.get(fragment.id());
        return before == null || !before.files.equals(fragment.files());
    }

    /** Says that the rows of this fragment have been read. */
    void read(Manifest.FragmentState fragment) {
        fragments.put(fragment.id(), Fragment.of(fragment));
    }

    /** Says that this row has been put. */
    void put(int row) {
        live.set(row);
        torn.clear(row);
        written++;
    }

    /**
     * Rows that are to be read though no fragment tells it, as it is as it was when they were kept. The caller owns the result.
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
        for (Map.Entry<Integer, Fragment> fragment : fragments.entrySet()) {
            to.writeInt(fragment.getKey());
            to.writeLong(fragment.getValue().deletions);
            to.writeInt(fragment.getValue().files.size());
            for (String file : fragment.getValue().files) {
                to.writeText(file);
            }
        }
        to.writeBits(unusable);
        to.writeBits(live);
        to.writeLong(written);
    }
}
