package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Says which rows of the table have been read. For one thread. */
final class LoadedRows {
    /** The version that was read last, or 0. Rows that were written later are read again. */
    long version;

    /** The columns of that version that are read. When they change, rows show something else, though they are not written again. */
    Map<String, String> columns = Map.of();

    /** The files of each fragment that has been read. */
    final Map<Integer, List<String>> fragments = new HashMap<>();

    /** Rows that have no vector, so that searches cannot compare them. */
    final BitSet unusable;

    /** The rows of the version that was read last. */
    BitSet live;

    /** How many rows were written into the files, those that are gone or were written again too: they take room as long as the files do. */
    long written;

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
            int fragment = from.readInt();
            List<String> files = new ArrayList<>();
            for (int more = from.readInt(); more > 0; more--) {
                files.add(from.readText());
            }
            fragments.put(fragment, files);
        }
        unusable = from.readBits();
        live = from.readBits();
        written = from.readLong();
    }

    /** Whether most of what the files have is of rows that are gone or were written again, so that new files are smaller. */
    static boolean isWorn(long written, long live) {
        return written > 2 * Math.max(live, CheckpointPace.FEW_ROWS);
    }

    void writeTo(KeptOutput to) throws IOException {
        to.writeLong(version);
        to.writeInt(columns.size());
        for (Map.Entry<String, String> column : columns.entrySet()) {
            to.writeText(column.getKey());
            to.writeText(column.getValue());
        }
        to.writeInt(fragments.size());
        for (Map.Entry<Integer, List<String>> fragment : fragments.entrySet()) {
            to.writeInt(fragment.getKey());
            to.writeInt(fragment.getValue().size());
            for (String file : fragment.getValue()) {
                to.writeText(file);
            }
        }
        to.writeBits(unusable);
        to.writeBits(live);
        to.writeLong(written);
    }
}
