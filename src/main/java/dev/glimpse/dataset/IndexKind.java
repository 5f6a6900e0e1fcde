package dev.glimpse.dataset;

/** The vector indexes of Lance that are built, all with cosine distance. */
public enum IndexKind {
    /** A second copy of the vectors as they are. The number of partitions is the square root of the number of rows. */
    IVF_FLAT,

    /**
     * Graphs over vectors of one byte a dimension, 700 bytes a row. Of 100,000 clustered vectors it found most for the least
     * time, on disk and in a bucket, and unlike IVF_RQ it does so among deleted and unindexed rows too.
     */
    IVF_HNSW_SQ
}
