package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Uploads of this server that share an intent marker. The marker is the object {@code pending/{name}}. While it is in the store, there may be
 * pictures of these uploads whose rows are not committed yet. An upload joins a group before it puts its picture, and leaves it when its
 * row is committed or can never come. When the last one has left, the marker is deleted. Safe for use by several threads.
 */
public final class IntentGroup {
    static final String MARKERS = "pending/";

    private final IntentMarkers intents;
    private final String name;
    private final long start;
    private final CompletableFuture<Void> durable;

    /** Guarded by the intents. */
    int members;

    /** @param start as the ticker of the markers told it, before its marker was put */
    IntentGroup(IntentMarkers intents, String name, long start, CompletableFuture<Void> durable) {
        this.intents = intents;
        this.name = name;
        this.start = start;
        this.durable = durable;
    }

    /** The name of the group, {@code {server}/{group}}. The metadata of each picture of the group has it. */
    public String name() {
        return name;
    }

    /** The name of the group that a picture in the store came in with; null if the store does not say. */
    static @Nullable String nameIn(ObjectHead picture) {
        return UploadMetadata.fromMetadata(picture.metadata()).group();
    }

    /** Key of the marker of a group. */
    static String marker(String name) {
        return MARKERS + name;
    }

    /** The picture that a marker {@code pending/{server}/{kind}{picture}} is about; empty if it is another kind of marker. */
    static Optional<ImageId> pictureOf(String kind, String marker) {
        String name = marker.substring(marker.lastIndexOf('/') + 1);
        return name.startsWith(kind) ? ImageId.parse("images/" + name.substring(kind.length())) : Optional.empty();
    }

    /** The bytes of a marker that is put now. They tell the age of its group, because a marker that is put again is younger than its group. */
    static byte[] marking(Duration age) {
        return Long.toString(age.toMillis()).getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads from the bytes of a marker how old its group was when the marker was put; empty if the bytes are damaged. */
    static Optional<Duration> ageIn(byte[] marking) {
        try {
            return Optional.of(Duration.ofMillis(Long.parseLong(new String(marking, StandardCharsets.US_ASCII))));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The time at which the group began, in nanoseconds of the ticker of the markers. */
    long start() {
        return start;
    }

    /** Completes when the marker is in the store, or exceptionally when it is not known to be. */
    CompletableFuture<Void> durable() {
        return durable;
    }

    /**
     * Waits until the marker is in the store.
     *
     * @throws java.util.concurrent.CompletionException if it is not known to be
     */
    public void awaitDurable() {
        durable.join();
    }

    /** Whether a picture of the group that is in the store now gets its row even if this process dies: the group is not too old. */
    public boolean isReliable() {
        return intents.isReliable(this);
    }

    Duration age() {
        return intents.since(start);
    }

    /** One upload of a group. */
    public final class Member {
        private final AtomicBoolean left = new AtomicBoolean();

        /** The group that this upload has joined. */
        public IntentGroup group() {
            return IntentGroup.this;
        }

        /** Leaves the group, because the row of the upload is committed or can never come. A second call does nothing. */
        public void leave() {
            if (left.compareAndSet(false, true)) {
                intents.leave(IntentGroup.this);
            }
        }

        /** Whether this upload has left its group. */
        public boolean hasLeft() {
            return left.get();
        }
    }
}
