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
 * Uploads that share a marker, an object {@code pending/{name}} that says: there are pictures whose rows are not committed
 * yet. Each upload joins one and leaves it when its row is committed, or is sure never to come; with the last one the
 * marker goes.
 */
public final class CommitGroup {
    static final String MARKERS = "pending/";

    private final IntentMarkers intents;
    private final String name;
    private final long start;
    private final CompletableFuture<Void> durable;

    /** Guarded by the intents. */
    int members;

    /** @param start as the ticker of the markers told it, before its marker was put */
    CommitGroup(IntentMarkers intents, String name, long start, CompletableFuture<Void> durable) {
        this.intents = intents;
        this.name = name;
        this.start = start;
        this.durable = durable;
    }

    /** {@code {server}/{group}}, as pictures keep it. */
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

    /** What a marker says that is put now: how old its group is, as a marker may have to be put again. */
    static byte[] marking(Duration age) {
        return Long.toString(age.toMillis()).getBytes(StandardCharsets.US_ASCII);
    }

    /** How much older than its marker a group is, by what the marker says; empty if it does not say it, being damaged. */
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

    /** Whether a picture that is in the store now would get its row even if this process died. */
    public boolean isReliable() {
        return intents.isReliable(this);
    }

    Duration age() {
        return intents.since(start);
    }

    /** One upload of a group. */
    public final class Member {
        private final AtomicBoolean left = new AtomicBoolean();

        public CommitGroup group() {
            return CommitGroup.this;
        }

        /** Its row is committed, or sure never to come. Twice is fine. */
        public void leave() {
            if (left.compareAndSet(false, true)) {
                intents.leave(CommitGroup.this);
            }
        }

        public boolean hasLeft() {
            return left.get();
        }
    }
}
