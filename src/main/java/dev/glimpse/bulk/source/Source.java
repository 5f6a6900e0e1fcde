package dev.glimpse.bulk.source;

/** Something that pictures are found in. Finds them while it is read, so its size does not matter. */
public interface Source extends AutoCloseable {
    /** Gives everything to the sink. Call it once. What cannot be read is reported there too. Ends early when the sink is stopping. */
    void read(Sink sink) throws InterruptedException;

    /** How much of it has been read, 0 to 1; NaN while that is not known. For other threads too. */
    double share();

    /** Ends what it has begun. */
    @Override
    void close();
}
