package dev.glimpse.dataset;

import org.lance.index.DistanceType;
import org.lance.index.IndexParams;
import org.lance.index.IndexType;
import org.lance.index.vector.HnswBuildParams;
import org.lance.index.vector.IvfBuildParams;
import org.lance.index.vector.SQBuildParams;
import org.lance.index.vector.VectorIndexParams;

/** The vector indexes of Lance that are built, all with cosine distance. */
public enum IndexKind {
    /** Vectors as they are, a second time, in as many partitions as the square root of the rows. */
    IVF_FLAT(IndexType.IVF_FLAT) {
        @Override
        int partitions(long rows) {
            return (int) Math.max(1, Math.min(rows, Math.round(Math.sqrt((double) rows))));
        }

        @Override
        VectorIndexParams parameters(int partitions) {
            return VectorIndexParams.ivfFlat(partitions, DistanceType.Cosine);
        }
    },

    /**
     * Graphs over vectors of one byte a dimension, 700 bytes a row. Of 100,000 clustered vectors it found most for the least
     * time, on disk and in a bucket, and unlike IVF_RQ it does so among deleted and unindexed rows too.
     */
    IVF_HNSW_SQ(IndexType.IVF_HNSW_SQ) {
        @Override
        int partitions(long rows) {
            return (int) Math.max(1, rows / 10_000);
        }

        @Override
        VectorIndexParams parameters(int partitions) {
            return VectorIndexParams.withIvfHnswSqParams(
                    DistanceType.Cosine,
                    new IvfBuildParams.Builder().setNumPartitions(partitions).build(),
                    new HnswBuildParams.Builder()
                            .setM(20)
                            .setEfConstruction(150)
                            .build(),
                    new SQBuildParams.Builder().build());
        }
    };

    private final IndexType type;

    IndexKind(IndexType type) {
        this.type = type;
    }

    abstract int partitions(long rows);

    abstract VectorIndexParams parameters(int partitions);

    IndexType type() {
        return type;
    }

    IndexParams parametersFor(long rows) {
        return IndexParams.builder()
                .setVectorIndexParams(parameters(partitions(rows)))
                .build();
    }
}
