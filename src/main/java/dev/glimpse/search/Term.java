package dev.glimpse.search;

import dev.glimpse.image.ImageId;
import dev.glimpse.image.Region;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** One part of a query: what it is like, or with a negative weight unlike. */
sealed interface Term {
    /** How much it counts; not 0. */
    double weight();

    /** What it is, without its weight. */
    String inWords();

    /** What a picture shows, in words. */
    record Words(String text, double weight) implements Term {
        @Override
        public String inWords() {
            return text;
        }
    }

    /**
     * The picture of a row of the table.
     *
     * @param region that counts; null for the whole picture
     */
    record Like(ImageId id, double weight, @Nullable Region region) implements Term {
        @Override
        public String inWords() {
            return id.toString();
        }
    }

    /**
     * A picture that came with the request, as a file of any format that uploads take.
     *
     * @param size in bytes
     * @param region that counts; null for the whole picture
     */
    record Sample(
            Bytes bytes, long size, double weight, @Nullable Region region) implements Term {
        @Override
        public String inWords() {
            return "file";
        }

        /** A picture as a request has it, before its parameters are read. */
        Sample(Bytes bytes, long size) {
            this(bytes, size, 1, null);
        }
    }

    /** Reads a file that waits somewhere. */
    interface Bytes {
        byte[] read() throws IOException;
    }
}
