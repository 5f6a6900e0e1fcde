package dev.glimpse.tools.bench;

import dev.glimpse.testing.ClusteredVectors;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntFunction;

/** Measures faiss with the same vectors and queries: {@code tools/search-peers.py}, if PYTHON names an interpreter that has faiss. */
final class FaissPeers {
    private FaissPeers() {}

    /** @param folder for the vectors, which this removes again */
    static void measure(Path folder, int rows, int queries) throws IOException, InterruptedException {
        String python = System.getenv("PYTHON");
        if (python == null) {
            System.out.println("PYTHON is not set: faiss was left out.");
            return;
        }
        Path vectors = folder.resolve("rows.f32");
        Path asked = folder.resolve("queries.f32");
        try {
            write(vectors, rows, FilledTable.VECTORS::row);
            write(asked, queries, FilledTable.VECTORS::query);
            int status = new ProcessBuilder(
                            python,
                            "tools/search-peers.py",
                            folder.toString(),
                            Integer.toString(ClusteredVectors.DIMENSION))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("tools/search-peers.py ended with " + status);
            }
        } finally {
            Files.deleteIfExists(vectors);
            Files.deleteIfExists(asked);
        }
    }

    private static void write(Path file, int count, IntFunction<float[]> vector) throws IOException {
        ByteBuffer row =
                ByteBuffer.allocate(ClusteredVectors.DIMENSION * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            for (int n = 0; n < count; n++) {
                row.asFloatBuffer().put(vector.apply(n));
                out.write(row.array());
            }
        }
    }
}
