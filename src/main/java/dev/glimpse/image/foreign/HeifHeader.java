package dev.glimpse.image.foreign;

import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.UnsupportedImageException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the boxes of a HEIC or AVIF (ISO/IEC 23008-12): which of its items is the primary picture, how large it is, how it is coded and
 * whether it is transparent. Compressed data is not looked at. For one file.
 */
final class HeifHeader {
    private static final Set<String> NO_PICTURES = Set.of("Exif", "mime", "uri ");

    /** The coding of these is that of what they are made of. */
    private static final Set<String> DERIVED = Set.of("grid", "iden", "iovl");

    private static final Set<String> ALPHA = Set.of(
            "urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:avc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha");

    /** Of items, references, properties and so on, each. A phone's picture of 48 megapixels has some 400. */
    private static final int MOST = 32_768;

    /** A square a little larger than one tile needs four. */
    private static final int MOST_TIMES_IN_TILES = 4;

    /** They are looked through for each reference to the item. */
    private static final int MOST_OF_ONE_ITEM = 256;

    private final ImageFormat format;
    private final Map<Long, Item> items = new HashMap<>();
    private final List<Property> properties = new ArrayList<>();
    private final Map<Long, List<Integer>> associations = new HashMap<>();
    private final Map<Long, List<Long>> madeOf = new HashMap<>();
    private final List<long[]> auxiliaries = new ArrayList<>();
    private int references;
    private @Nullable Long primary;

    /** @param flags where the last byte of its flags is, of which the lowest bit hides it */
    private record Item(String type, int flags) {}

    private record Property(String name, ByteBuffer body) {}

    private HeifHeader(ImageFormat format) {
        this.format = format;
    }

    /**
     * Reads what a file says about its primary picture.
     *
     * @throws DamagedImageException if it says nothing, or a box reaches beyond its parent
     * @throws UnsupportedImageException if the picture is coded neither in HEVC nor in AV1
     */
    static Header read(ImageFormat format, byte[] bytes) {
        HeifHeader header = new HeifHeader(format);
        try {
            header.boxes(ByteBuffer.wrap(bytes), header::top);
            return header.primaryPicture();
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw header.damaged("its boxes do not fit into each other");
        }
    }

    private DamagedImageException damaged(String reason) {
        return new DamagedImageException("damaged " + format.title() + ": " + reason);
    }

    private Header primaryPicture() {
        Long id = primary;
        Item item = id == null ? null : items.get(id);
        if (id == null || item == null) {
            throw damaged("no picture in it is the primary one");
        }
        long[] size = size(id);
        if (size == null) {
            throw damaged("its header does not say how large it is");
        }
        double inTiles = 0;
        for (long part : madeOf.getOrDefault(id, List.of())) {
            long[] other = size(part);
            // A part that is larger than the whole is decoded as a whole too.
            if (other != null) {
                size = new long[] {Math.max(size[0], other[0]), Math.max(size[1], other[1])};
                inTiles += (double) other[0] * other[1];
            }
        }
        if (inTiles > (double) size[0] * size[1] * MOST_TIMES_IN_TILES) {
            throw damaged("its tiles have many times the pixels of the whole picture");
        }
        return new Header(size[0], size[1], coding(id, item), isTransparent(id), allBut(id));
    }

    private ImageFormat coding(long id, Item item) {
        String type = item.type;
        if (DERIVED.contains(type)) {
            type = madeOf.getOrDefault(id, List.of()).stream()
                    .map(items::get)
                    .filter(part -> part != null)
                    .map(Item::type)
                    .findFirst()
                    .orElseThrow(() -> damaged("its picture is made of nothing"));
        }
        return switch (type) {
            case "hvc1", "grid", "iden", "iovl" -> ImageFormat.HEIC;
            case "av01" -> ImageFormat.AVIF;
            default ->
                throw new UnsupportedImageException(
                        "a HEIF whose picture is coded as '%s'; pictures in HEIFs have to be coded in HEVC or AV1"
                                .formatted(type.replaceAll("[^ -~]", "?")));
        };
    }

    private boolean isTransparent(long id) {
        return auxiliaries.stream()
                .filter(reference -> reference[1] == id)
                .flatMap(reference -> propertiesOf(reference[0]).stream())
                .anyMatch(property -> property.name.equals("auxC") && ALPHA.contains(text(property.body.duplicate())));
    }

    private static String text(ByteBuffer box) {
        box.getInt();
        StringBuilder text = new StringBuilder();
        for (byte next; box.hasRemaining() && (next = box.get()) != 0; ) {
            text.append((char) next);
        }
        return text.toString();
    }

    private long @Nullable [] size(long id) {
        for (Property property : propertiesOf(id)) {
            if (property.name.equals("ispe")) {
                ByteBuffer body = property.body.duplicate();
                body.getInt();
                return new long[] {Integer.toUnsignedLong(body.getInt()), Integer.toUnsignedLong(body.getInt())};
            }
        }
        return null;
    }

    private List<Property> propertiesOf(long id) {
        return associations.getOrDefault(id, List.of()).stream()
                .filter(index -> index >= 1 && index <= properties.size())
                .map(index -> properties.get(index - 1))
                .toList();
    }

    /** A decoder makes a file of each picture that is not hidden, and says of none that it is the primary one. */
    private List<Integer> allBut(long id) {
        return items.entrySet().stream()
                .filter(item -> item.getKey() != id && !NO_PICTURES.contains(item.getValue().type))
                .map(item -> item.getValue().flags)
                .toList();
    }

    // The boxes

    private void top(String name, ByteBuffer body) {
        if (name.equals("meta") && items.isEmpty()) {
            body.getInt();
            boxes(body, this::meta);
        }
    }

    private void meta(String name, ByteBuffer body) {
        switch (name) {
            case "pitm" -> primary = id(body, version(body) == 0);
            case "iinf" -> {
                if (version(body) == 0) {
                    body.getShort();
                } else {
                    body.getInt();
                }
                boxes(body, this::itemInfo);
            }
            case "iref" -> {
                boolean small = version(body) == 0;
                boxes(body, (type, reference) -> reference(type, reference, small));
            }
            case "iprp" -> boxes(body, this::itemProperties);
            default -> {}
        }
    }

    private void itemInfo(String name, ByteBuffer body) {
        if (!name.equals("infe")) {
            return;
        }
        int flags = body.position() + 3;
        int version = version(body);
        // Older ones describe no pictures.
        if (version >= 2) {
            long id = id(body, version == 2);
            body.getShort();
            items.put(id, new Item(name(body), flags));
            requireFew(items.size(), "items");
        }
    }

    private void reference(String type, ByteBuffer body, boolean small) {
        long from = id(body, small);
        int count = body.getShort() & 0xFFFF;
        for (int i = 0; i < count; i++) {
            requireFew(++references, "references");
            long to = id(body, small);
            switch (type) {
                case "dimg" ->
                    madeOf.computeIfAbsent(from, first -> new ArrayList<>()).add(to);
                case "auxl" -> auxiliaries.add(new long[] {from, to});
                default -> {}
            }
        }
    }

    private void itemProperties(String name, ByteBuffer body) {
        if (name.equals("ipco")) {
            boxes(body, (property, itsBody) -> {
                properties.add(new Property(property, itsBody.slice()));
                requireFew(properties.size(), "properties");
            });
        } else if (name.equals("ipma")) {
            int head = body.getInt();
            boolean small = head >>> 24 == 0;
            boolean wide = (head & 1) != 0;
            int count = body.getInt();
            for (int i = 0; Integer.compareUnsigned(i, count) < 0; i++) {
                List<Integer> own = associations.computeIfAbsent(id(body, small), first -> new ArrayList<>());
                requireFew(associations.size(), "items with properties");
                int indices = body.get() & 0xFF;
                if (own.size() > MOST_OF_ONE_ITEM) {
                    throw damaged("more than " + MOST_OF_ONE_ITEM + " properties of one item");
                }
                for (int n = 0; n < indices; n++) {
                    own.add(wide ? body.getShort() & 0x7FFF : body.get() & 0x7F);
                }
            }
        }
    }

    /** A file of some megabytes could hold millions, each of which would take much more memory here. */
    private void requireFew(int count, String what) {
        if (count > MOST) {
            throw damaged("more than " + MOST + " " + what);
        }
    }

    private static int version(ByteBuffer box) {
        return box.getInt() >>> 24;
    }

    private static long id(ByteBuffer box, boolean small) {
        return small ? box.getShort() & 0xFFFF : Integer.toUnsignedLong(box.getInt());
    }

    private static String name(ByteBuffer box) {
        byte[] name = new byte[4];
        box.get(name);
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    /** Gives each box to the visitor; positions in it are those in the file. */
    private void boxes(ByteBuffer parent, BiConsumer<String, ByteBuffer> visitor) {
        while (parent.remaining() >= 8) {
            int start = parent.position();
            long size = Integer.toUnsignedLong(parent.getInt());
            String name = name(parent);
            if (size == 1) {
                size = parent.getLong();
            } else if (size == 0) {
                size = (long) parent.limit() - start;
            }
            if (size < parent.position() - start || size > parent.limit() - start) {
                throw damaged("cut off: the part '%s' at byte %d reaches beyond the end"
                        .formatted(name.replaceAll("[^ -~]", "?"), start));
            }
            ByteBuffer body = parent.duplicate();
            body.limit(start + (int) size);
            visitor.accept(name, body);
            parent.position(start + (int) size);
        }
    }
}
