package dev.glimpse.search;

import dev.glimpse.image.ImageId;
import java.io.IOException;

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

    /** The picture of a row of the table. */
    record Like(ImageId id, double weight) implements Term {
        @Override
        public String inWords() {
            return id.toString();
        }
    }

    /**
     * A picture that came with the request, as a file of any format that uploads take.
     *
     * @param size in bytes
     */
    record Sample(Bytes bytes, long size, double weight) implements Term {
        @Override
        public String inWords() {
            return "file";
        }

        /** This picture with another weight. */
        Sample withWeight(double other) {
            return new Sample(bytes, size, other);
        }
    }

    /** Reads a file that waits somewhere. */
    interface Bytes {
        byte[] read() throws IOException;
    }
}
