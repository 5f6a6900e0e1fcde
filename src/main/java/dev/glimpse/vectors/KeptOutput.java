package dev.glimpse.vectors;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;

/** Takes down what files have in them, for a later process that goes on with them. {@link KeptInput} reads it. For one thread. */
public final class KeptOutput extends DataOutputStream {
    public KeptOutput(OutputStream out) {
        super(out);
    }

    /** Writes the name of a file or folder of the folder that all kept files are in. */
    public void writeName(Path file) throws IOException {
        writeUTF(String.valueOf(file.getFileName()));
    }

    /** Writes a text of any length. */
    public void writeText(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        writeInt(bytes.length);
        write(bytes);
    }

    public void writeBits(BitSet bits) throws IOException {
        byte[] bytes = bits.toByteArray();
        writeInt(bytes.length);
        write(bytes);
    }

    public void writeFloats(float[] floats) throws IOException {
        writeInt(floats.length);
        for (float value : floats) {
            writeFloat(value);
        }
    }
}
