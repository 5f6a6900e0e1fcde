package dev.glimpse.dataset;

/** The vector indexes of Lance that are built, all with cosine distance. */
public enum IndexKind {
    /** A second copy of the vectors as they are. The number of partitions is the square root of the number of rows. */
    IVF_FLAT,

    /**
     * Lists as those of IVF_FLAT, of vectors of one byte a dimension: a quarter of the disk, and a search that computes some distances again
     * finds as many in half the time.
     */
    IVF_SQ,

    /**
     * Graphs over vectors of one byte a dimension, 700 bytes a row. Of tens of thousands of clustered vectors it found most for the least
     * time, on disk and in a bucket, and unlike IVF_RQ it does so among deleted and unindexed rows too: with a twentieth deleted and a
     * hundredth unindexed, IVF_RQ found 64 % of the ten nearest where lists found 95 to 99 %. Large tables take too long to build it of.
     */
    IVF_HNSW_SQ
}
