package dev.glimpse.sources;

import dev.glimpse.storage.RequestMeter;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a look at a source is, or how it ended.
 *
 * @param startedAt when it began
 * @param finishedAt null while it goes on
 * @param price null until the listing is done
 * @param listed objects that were named so far
 * @param read objects whose bytes were read
 * @param added rows that were committed
 * @param moved rows whose objects have another name, or were written again with the same bytes
 * @param removed rows whose objects are gone, have other bytes, or were deleted
 * @param same objects whose bytes another picture has already
 * @param refused objects that are no pictures of ours
 * @param failed objects that could not be read now; the next look tries again
 * @param perSecond objects in a second since the reading began
 * @param secondsLeft at this pace; null if it is not known
 * @param requests of this look, without the versions of the table
 */
record Report(
        Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Price price,
        long listed,
        long read,
        long added,
        long moved,
        long removed,
        long same,
        long refused,
        long failed,
        double perSecond,
        @Nullable Long secondsLeft,
        RequestMeter.Totals requests) {}
