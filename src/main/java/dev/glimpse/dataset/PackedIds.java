package dev.glimpse.dataset;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.glimpse.image.ImageId;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/** Pictures in an order, in 33 bytes each, so that millions fit into memory and travel between processes. Immutable. */
public final class PackedIds implements Serializable {
    private static final long serialVersionUID = 1;
    private static final int HASH_BYTES = 32;
    private static final int ID_BYTES = HASH_BYTES + 1;

    /** Extensions of the formats; the last byte of an id is a place in this list. */
    private final ArrayList<String> extensions = new ArrayList<>();

    private final byte[] packed;

    private PackedIds(List<ImageId> ids) {
        packed = new byte[ids.size() * ID_BYTES];
        for (int i = 0; i < ids.size(); i++) {
            ImageId id = ids.get(i);
            System.arraycopy(HexFormat.of().parseHex(id.sha256()), 0, packed, i * ID_BYTES, HASH_BYTES);
            packed[i * ID_BYTES + HASH_BYTES] = place(id.format().extension());
        }
    }

    public static PackedIds of(List<ImageId> ids) {
        return new PackedIds(ids);
    }

    /**
     * Reads what {@link #keys} has written.
     *
     * @throws IllegalArgumentException if one of them is no id
     */
    @JsonCreator
    static PackedIds ofKeys(List<String> keys) {
        return new PackedIds(keys.stream()
                .map(key -> ImageId.parse(key)
                        .orElseThrow(() -> new IllegalArgumentException("not the id of a picture: " + key)))
                .toList());
    }

    @JsonValue
    List<String> keys() {
        return IntStream.range(0, size()).mapToObj(i -> get(i).toString()).toList();
    }

    private byte place(String extension) {
        int place = extensions.indexOf(extension);
        if (place < 0) {
            place = extensions.size();
            extensions.add(extension);
        }
        return (byte) place;
    }

    public int size() {
        return packed.length / ID_BYTES;
    }

    public ImageId get(int i) {
        int start = i * ID_BYTES;
        String hash = HexFormat.of().formatHex(packed, start, start + HASH_BYTES);
        String extension = extensions.get(packed[start + HASH_BYTES]);
        return ImageId.parse("images/" + hash + "." + extension).orElseThrow();
    }
}
