package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.IndexKind;
import org.lance.index.DistanceType;
import org.lance.index.IndexParams;
import org.lance.index.IndexType;
import org.lance.index.vector.HnswBuildParams;
import org.lance.index.vector.IvfBuildParams;
import org.lance.index.vector.SQBuildParams;
import org.lance.index.vector.VectorIndexParams;

/** How an index of each kind is built. Stateless. */
final class IndexParameters {
    /** Vectors that the partitions are found from, if that is enough: 128 MB of 512 numbers, where Lance's own choice is 512 MB for a million rows. */
    private static final int SAMPLE = 1 << 16;

    private static final int LEAST_FOR_EACH = 32;

    /** Lance's own choice. */
    private static final int MOST_FOR_EACH = 256;

    private IndexParameters() {}

    /** The number of partitions of an index over this number of rows. */
    static int partitions(IndexKind kind, long rows) {
        return switch (kind) {
            case IVF_FLAT, IVF_SQ -> (int) Math.max(1, Math.min(rows, Math.round(Math.sqrt((double) rows))));
            case IVF_HNSW_SQ -> (int) Math.max(1, rows / 10_000);
        };
    }

    /** The name that Lance has for an index of this kind. */
    static IndexType type(IndexKind kind) {
        return switch (kind) {
            case IVF_FLAT -> IndexType.IVF_FLAT;
            case IVF_SQ -> IndexType.IVF_SQ;
            case IVF_HNSW_SQ -> IndexType.IVF_HNSW_SQ;
        };
    }

    /** What Lance needs to build an index over this number of rows. */
    static IndexParams of(IndexKind kind, long rows) {
        return IndexParams.builder()
                .setVectorIndexParams(vectors(kind, partitions(kind, rows)))
                .build();
    }

    private static VectorIndexParams vectors(IndexKind kind, int partitions) {
        return switch (kind) {
            case IVF_FLAT ->
                new VectorIndexParams.Builder(lists(partitions))
                        .setDistanceType(DistanceType.Cosine)
                        .build();
            case IVF_SQ ->
                new VectorIndexParams.Builder(lists(partitions))
                        .setDistanceType(DistanceType.Cosine)
                        .setSqParams(new SQBuildParams.Builder().build())
                        .build();
            case IVF_HNSW_SQ ->
                VectorIndexParams.withIvfHnswSqParams(
                        DistanceType.Cosine,
                        lists(partitions),
                        new HnswBuildParams.Builder()
                                .setM(20)
                                .setEfConstruction(150)
                                .build(),
                        new SQBuildParams.Builder().build());
        };
    }

    private static IvfBuildParams lists(int partitions) {
        return new IvfBuildParams.Builder()
                .setNumPartitions(partitions)
                .setSampleRate(vectorsForEach(partitions))
                .build();
    }

    /** How many vectors there are to find each partition from. */
    static int vectorsForEach(int partitions) {
        return Math.max(LEAST_FOR_EACH, Math.min(MOST_FOR_EACH, SAMPLE / partitions));
    }
}
