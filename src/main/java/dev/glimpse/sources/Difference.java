package dev.glimpse.sources;

import dev.glimpse.consistency.Originals;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a source has that the table does not say, and the other way round. What is to be read goes to a local file, so that a million keys
 * take little memory. For one thread. Removes the file when closed.
 */
final class Difference implements AutoCloseable {
    /** Lists objects: all of a source, or some that are asked for. */
    interface Listing {
        /**
         * Hands over the objects.
         *
         * @return the store's clock when it answered
         */
        Instant forEach(Consumer<Listed> objects);
    }

    private final Predicate<String> covered;
    private final SourceRows rows;
    private final Path file;
    private final KnownPlaces known = new KnownPlaces();

    /** Pictures whose rows name places that the source does not have any more. */
    private final IdSet gone = new IdSet();

    /** Objects without a row of their own that are as they were. */
    private final Map<String, Aside> asides = new HashMap<>();

    private final AtomicLong listed = new AtomicLong();
    private long unchanged;
    private long leftOut;
    private long toRead;
    private long bytesToRead;
    private Duration clock = Duration.ZERO;

    /**
     * Begins with nothing.
     *
     * @param covered the keys that the listing names, if their objects are there
     * @param folder for the file
     */
    Difference(Predicate<String> covered, SourceRows rows, Path folder) {
        this.covered = covered;
        this.rows = rows;
        try {
            this.file = Files.createTempFile(Files.createDirectories(folder), "source", null);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write below " + folder, e);
        }
    }

    /**
     * Lists and compares.
     *
     * @param before objects without a row of their own, as the last look has found them
     * @param holds whether one that is as it was has still no row
     * @param counted is told of each object
     */
    void make(Listing listing, Map<String, Aside> before, Predicate<Aside> holds, Runnable counted) {
        rows.forEach((id, place) -> {
            if (covered.test(place.key())) {
                known.add(place);
            }
        });
        known.complete();
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            Instant now = listing.forEach(object -> {
                counted.run();
                listed.incrementAndGet();
                take(object, before, holds, out);
            });
            clock = Duration.between(Instant.now(), now);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        if (known.anyUnseen()) {
            rows.forEach((id, place) -> {
                // A row that has come since, or has moved, is none of these.
                if (known.isUnseen(place)) {
                    gone.add(id);
                }
            });
        }
    }

    private void take(Listed object, Map<String, Aside> before, Predicate<Aside> holds, DataOutputStream out) {
        Place place = new Place(object.key(), object.bytes(), Originals.second(object.lastModified()));
        if (!ObjectStore.isKey(place.key()) || !PictureNames.mayBePicture(place.key())) {
            leftOut++;
            return;
        }
        if (known.see(place)) {
            unchanged++;
            return;
        }
        Aside aside = before.get(place.key());
        if (aside != null
                && aside.bytes() == place.bytes()
                && aside.modified().equals(place.modified())
                && holds.test(aside)) {
            asides.put(place.key(), aside);
            unchanged++;
            return;
        }
        try {
            out.writeUTF(place.key());
            out.writeLong(place.bytes());
            out.writeLong(place.modified().getEpochSecond());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        toRead++;
        bytesToRead += place.bytes();
    }

    /**
     * What it takes to make the table agree.
     *
     * @param batch rows of one version of the table
     * @param again whether there is something that an earlier look has left
     */
    Price price(boolean inBucket, int batch, boolean again) {
        return Price.of(inBucket, batch, again, listed.get(), unchanged, leftOut, toRead, bytesToRead, gone.size());
    }

    /** Pictures whose rows name places that are no more. Guarded by itself once several threads use it. */
    IdSet gone() {
        return gone;
    }

    /** Objects without a row of their own, by their keys, that are as they were. */
    Map<String, Aside> asides() {
        return asides;
    }

    /** What the store's clock shows now, as far as the listing told. */
    Instant storeTime() {
        return Instant.now().plus(clock);
    }

    /** Takes an object that is to be read, and says whether to go on. */
    interface ToRead {
        boolean take(Place place) throws InterruptedException;
    }

    /** Hands over what is to be read, in the order of the listing, until it is enough. */
    void forEachToRead(ToRead objects) throws InterruptedException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            for (Place place = next(in); place != null; place = next(in)) {
                if (!objects.take(place)) {
                    return;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    private static @Nullable Place next(DataInputStream in) throws IOException {
        try {
            return new Place(in.readUTF(), in.readLong(), Instant.ofEpochSecond(in.readLong()));
        } catch (EOFException e) {
            return null;
        }
    }

    /** Hands over rows whose places are no more. */
    void forEachGone(SourceRows.Places places) {
        rows.forEach((id, place) -> {
            if (isGone(id) && known.isUnseen(place)) {
                places.row(id, place);
            }
        });
    }

    private boolean isGone(ImageId id) {
        synchronized (gone) {
            return gone.contains(id);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + file, e);
        }
    }
}
