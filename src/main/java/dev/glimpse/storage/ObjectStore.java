package dev.glimpse.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Bytes under keys: a folder or a bucket. Keys are relative paths with {@code /}, as in S3. Safe for use by several threads
 * and, for the conditional put, by several processes.
 *
 * <p>Every method throws {@link StoreUnavailableException} when the store cannot be reached or refuses for now, after
 * the retries that are safe.
 */
public interface ObjectStore extends AutoCloseable {
    /**
     * Stores the bytes unless the key is taken, and says whether this call stored them. Durable on return. A reader
     * sees all of the bytes or no object. If the answer of the store was lost, the object is read back: true is also
     * said when what is there is byte for byte what this call sent, with the same metadata.
     *
     * @param key relative path, at most 1,024 bytes, without empty, {@code .} or {@code ..} segments
     * @param metadata small text values kept with the object, names in lower case, 2,048 printable ASCII characters in
     *     all; see {@link ObjectHead}
     * @throws IllegalArgumentException if the key or the metadata is none that every store can keep
     */
    boolean putIfAbsent(String key, byte[] bytes, String mediaType, Map<String, String> metadata);

    /**
     * Stores the bytes unless the key is taken, within a time, retries and reading back included. A bucket that has not answered by then
     * may still store the bytes some moments later. A folder has no limit of time.
     *
     * @see #putIfAbsent(String, byte[], String, Map)
     */
    default boolean putIfAbsent(
            String key, byte[] bytes, String mediaType, Map<String, String> metadata, Duration within) {
        return putIfAbsent(key, bytes, mediaType, metadata);
    }

    /**
     * Stores a file of any size, without metadata, unless the key is taken, and says whether this call stored it. The store may link the
     * file, so it must not change afterwards.
     *
     * @see #putIfAbsent(String, byte[], String, Map)
     */
    boolean putIfAbsent(String key, Path file);

    /** All bytes of the object; empty if there is none. For objects that fit in memory. */
    default Optional<byte[]> get(String key) {
        return get(key, Long.MAX_VALUE);
    }

    /** All bytes of the object; empty if there is none, or it has more bytes than this, which are not read then. */
    Optional<byte[]> get(String key, long most);

    /**
     * Writes the object to the target, which appears complete or not at all.
     *
     * @return false if there is no such object
     * @throws IOException if the local disk fails
     */
    boolean download(String key, Path target) throws IOException;

    /** Size and metadata without the bytes; empty if there is no such object. */
    Optional<ObjectHead> head(String key);

    /** Removes the object. Nothing happens if there is none. */
    void delete(String key);

    /**
     * Makes the object a copy of another one, with the same metadata, whether or not there is one already.
     *
     * @return false if there is nothing to copy
     */
    boolean copy(String from, String to);

    /**
     * Replaces the metadata of an object and keeps its bytes. A reader sees the old metadata or the new. In a bucket the object is copied
     * onto itself, so it counts as modified now. An object that is deleted meanwhile does not come back, if the bucket knows one of the
     * conditions of S3 and R2 for the target of a copy. A bucket that has not answered in time may still replace the metadata some
     * moments later.
     *
     * @param etag of the object, as {@link #head} has just said it
     * @param within how long this may take, retries included. A folder has no limit of time
     * @return false if there is no such object, or it has another etag; then nothing has changed
     * @throws IllegalArgumentException if the metadata is none that every store can keep
     */
    boolean replaceMetadata(String key, String etag, String mediaType, Map<String, String> metadata, Duration within);

    /**
     * An object as a listing names it.
     *
     * @param lastModified by the store's clock, to the second
     * @param bytes size of the object
     */
    record Listed(String key, Instant lastModified, long bytes) {}

    /**
     * Hands over all objects whose keys begin with the prefix, as they come from the store, in no order that one may
     * rely on. In a bucket each thousand is a request.
     *
     * @return the store's clock when it answered, to the second
     */
    Instant list(String prefix, Consumer<Listed> objects);

    /** Whether any key begins with the prefix. In a bucket one request. */
    boolean hasAny(String prefix);

    /** All keys that begin with the prefix, in the order of their UTF-8 bytes. */
    default List<String> list(String prefix) {
        List<String> keys = new ArrayList<>();
        list(prefix, object -> keys.add(object.key()));
        keys.sort(KeyRules.BYTE_ORDER);
        return keys;
    }

    /**
     * How an operator or another program names this key, or prefix of keys: {@code s3://bucket/key}, or the key itself in a
     * folder.
     */
    String address(String key);

    /** Names this key, or prefix of keys, among those of all stores: the {@link #address}, with the endpoint of a bucket before it. */
    default String identity(String key) {
        return address(key);
    }

    /** What kind of store this is, as {@code /stats} names it: {@code s3} or {@code folder}. */
    String kind();

    /** Whether no other server can write to this store while this one runs. */
    boolean hasOneWriter();

    /** Whether listings of several prefixes side by side are faster than one of all. */
    boolean listsInParallel();

    /**
     * The folder below which each object is a file at the path of its key, so that files can be read and linked without a copy. Empty
     * if objects must be downloaded to be read as files.
     */
    Optional<Path> filesInPlace();

    /**
     * What a library needs that reads the bucket by itself, past the {@link #meter}. Empty if there is nothing to reach but
     * {@link #filesInPlace}.
     */
    Optional<R2Properties> directAccess();

    /**
     * Makes sure that a second put of a key is refused, in a row and in a race, by trying it, once in the life of this store.
     *
     * @throws UntrustedBucketException if it is not
     */
    void requireConditionalPuts();

    /** Whether {@link #requireConditionalPuts} has come to a result. */
    boolean isTried();

    /** Puts a small object and removes it, so that {@link #problem} tells what is so now. */
    void tryWriting();

    /**
     * Why the store does not do what this server needs of it, as its last answers tell: it refuses reads or writes, or cannot
     * be trusted. Empty if nothing of the kind is known. Asks the store nothing.
     */
    Optional<StoreProblem> problem();

    /** Whether every store can keep an object under this key. */
    static boolean isKey(String key) {
        return KeyRules.isKey(key);
    }

    /** Counts what this store asks of a bucket. */
    RequestMeter meter();

    @Override
    void close();
}
