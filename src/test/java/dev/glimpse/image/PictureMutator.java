package dev.glimpse.image;

import dev.glimpse.testing.TestImages;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Makes hostile pictures out of good ones. The same seed makes the same. Most changes are made to a part of the file whose
 * lengths and checksums are then right again, the others to its bytes as they are. For one thread.
 *
 * <p>Why not Jazzer alone? As a JUnit extension its agent changes every class of the test run, beside JaCoCo's, and it fits no
 * other processors than those it has native code for. So it is not a dependency; {@link CoverageFuzz} lets it look further.
 */
final class PictureMutator {
    private static final int[] SIZES = {0, 1, 2, 3, 7, 255, 256, 1000, 4096, 16_383, 16_384, 32_767, 65_500, 65_535};
    private static final long[] NUMBERS = {
        0,
        1,
        2,
        4,
        16,
        0x7F,
        0x80,
        0xFF,
        0x100,
        0x7FFF,
        0x8000,
        0xFFFF,
        0x10000,
        0x7FFFFFFFL,
        0x80000000L,
        0xFFFFFFFFL,
        0xFFFFFFFEL,
        0x7FFFFFFEL,
        0x20000000L,
        0x40000000L
    };
    private static final String[] PNG_NAMES = {
        "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP", "zTXt", "iTXt", "sPLT", "hIST", "sBIT", "bKGD", "gAMA", "eXIf"
    };
    private static final String[] WEBP_NAMES = {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "EXIF", "XMP "};
    private static final int[] JPEG_MARKERS = {
        0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC9, 0xCA, 0xCC, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xE0,
        0xE1, 0xE2, 0xEE, 0xFE
    };
    private static final int[] TIFF_TAGS = {
        254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 317, 320, 322, 323, 324, 325, 330, 332,
        338, 339, 347, 512, 513, 514, 529, 530, 532, 34675, 34665, 34853, 40965
    };
    private static final int[] TIFF_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 32809, 34712, 50000};

    /** Enough for every format to be recognised by. */
    private static final int MAGIC = 12;

    private final Map<ImageFormat, List<byte[]>> seeds;
    private final Random random;

    /** @param seeds good pictures, of which those of one format also lend each other parts */
    PictureMutator(List<byte[]> seeds, Random random) {
        this.seeds = seeds.stream()
                .collect(Collectors.groupingBy(
                        seed -> ImageFormat.sniff(seed).orElseThrow(),
                        () -> new EnumMap<>(ImageFormat.class),
                        Collectors.toList()));
        this.random = random;
    }

    byte[] next() {
        byte[] seed = any(any(List.copyOf(seeds.values())));
        byte[] file = seed;
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            file = hasParts(file) && random.nextInt(5) > 0 ? changeParts(file) : changeBytes(file);
        }
        if (ImageFormat.sniff(file).isEmpty() && random.nextInt(20) > 0) {
            file = file.clone();
            System.arraycopy(seed, 0, file, 0, Math.min(file.length, MAGIC));
        }
        return file;
    }

    /** By chance a file may begin like one of a format that no seed has. */
    private boolean hasParts(byte[] file) {
        return ImageFormat.sniff(file).filter(seeds::containsKey).isPresent();
    }

    private byte[] changeParts(byte[] file) {
        ImageFormat format = ImageFormat.sniff(file).orElseThrow();
        List<byte[]> parts = new ArrayList<>(PictureParts.of(file));
        int chosen = random.nextInt(parts.size());
        byte[] part = parts.get(chosen);
        switch (random.nextInt(9)) {
            case 0 -> parts.add(1 + random.nextInt(parts.size()), part.clone());
            case 1 -> {
                if (chosen > 0) {
                    parts.remove(chosen);
                }
            }
            case 2 -> {
                int other = random.nextInt(parts.size());
                if (chosen > 0 && other > 0) {
                    parts.set(chosen, parts.set(other, part));
                }
            }
            case 3 -> splice(format, parts);
            case 4 -> parts.set(chosen, renamed(format, part));
            case 5 -> resize(format, parts);
            case 6 -> parts.set(chosen, repacked(format, part));
            default -> parts.set(chosen, changeBytes(part));
        }
        if (format == ImageFormat.JPEG && random.nextBoolean()) {
            parts.replaceAll(PictureParts::measured);
        }
        byte[] joined = PictureParts.join(format, parts);
        return format == ImageFormat.TIFF && random.nextInt(3) > 0 ? changeEntry(joined) : joined;
    }

    /** A part of another picture of the same format. */
    private void splice(ImageFormat format, List<byte[]> parts) {
        List<byte[]> foreign = PictureParts.of(any(Objects.requireNonNull(seeds.get(format))));
        byte[] lent = any(foreign);
        if (random.nextBoolean() && parts.size() > 1) {
            parts.set(1 + random.nextInt(parts.size() - 1), lent);
        } else {
            parts.add(1 + random.nextInt(parts.size()), lent);
        }
    }

    private byte[] renamed(ImageFormat format, byte[] part) {
        byte[] changed = part.clone();
        if (format == ImageFormat.JPEG && part.length > 1) {
            changed[1] = (byte) any(JPEG_MARKERS);
        } else if ((format == ImageFormat.PNG || format == ImageFormat.WEBP) && part.length >= 4) {
            String name = format == ImageFormat.PNG ? any(PNG_NAMES) : any(WEBP_NAMES);
            for (int i = 0; i < 4; i++) {
                changed[i] = (byte) name.charAt(i);
            }
        } else if (part.length > 0) {
            changed[0] = any(new byte[] {0x21, 0x2C, 0x3B, 0});
        }
        return changed;
    }

    /** Other sides, where the format has them: in the header, or in a frame. */
    private void resize(ImageFormat format, List<byte[]> parts) {
        for (int i = 0; i < parts.size(); i++) {
            byte[] part = parts.get(i).clone();
            ByteBuffer big = ByteBuffer.wrap(part);
            ByteBuffer little = ByteBuffer.wrap(part).order(ByteOrder.LITTLE_ENDIAN);
            String name = PictureParts.nameOf(part);
            int side = any(SIZES);
            int at = random.nextInt(2);
            if (format == ImageFormat.PNG && name.equals("IHDR") && part.length >= 12) {
                big.putInt(4 + 4 * at, random.nextBoolean() ? side : (int) anyNumber());
            } else if (format == ImageFormat.JPEG && part.length > 9 && (part[1] & 0xF0) == 0xC0) {
                big.putShort(5 + 2 * at, (short) side);
            } else if (format == ImageFormat.GIF && i == 0 && part.length > 10) {
                little.putShort(6 + 2 * at, (short) side);
            } else if (format == ImageFormat.GIF && part.length > 10 && part[0] == 0x2C) {
                little.putShort(1 + 2 * random.nextInt(4), (short) side);
            } else if (format == ImageFormat.BMP && part.length > 30) {
                little.putInt(18 + 4 * at, random.nextBoolean() ? side : (int) anyNumber());
            } else if (format == ImageFormat.WEBP && name.equals("VP8L") && part.length > 9) {
                little.putInt(5, random.nextInt());
            } else if (format == ImageFormat.WEBP && name.equals("VP8X") && part.length > 13) {
                little.putShort(8 + 3 * at, (short) side);
            } else if (format == ImageFormat.WEBP && part.length > 14) {
                little.putShort(10 + 2 * at, (short) side);
            } else {
                continue;
            }
            parts.set(i, part);
        }
    }

    /** The rows of a PNG, changed before they are compressed again: so a reader gets beyond the checksum in them. */
    private byte[] repacked(ImageFormat format, byte[] part) {
        if (format != ImageFormat.PNG || !PictureParts.nameOf(part).equals("IDAT")) {
            return changeBytes(part);
        }
        byte[] rows = new byte[1 << 20];
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(part, 4, part.length - 4);
            byte[] changed = changeBytes(Arrays.copyOf(rows, inflater.inflate(rows)));
            ByteArrayOutputStream chunk = new ByteArrayOutputStream();
            chunk.write(part, 0, 4);
            chunk.writeBytes(TestImages.deflated(changed));
            return chunk.toByteArray();
        } catch (DataFormatException e) {
            return changeBytes(part);
        } finally {
            inflater.end();
        }
    }

    /** Of a TIFF's first directory. */
    private byte[] changeEntry(byte[] file) {
        byte[] changed = file.clone();
        try {
            ByteBuffer bytes = TiffFile.order(ByteBuffer.wrap(changed));
            int directory = bytes.getInt(4);
            int entry = directory + 2 + 12 * random.nextInt(Math.max(1, bytes.getShort(directory)));
            switch (random.nextInt(6)) {
                case 0 -> bytes.putShort(entry, (short) any(TIFF_TAGS));
                case 1 -> bytes.putShort(entry + 2, (short) random.nextInt(20));
                case 2 -> bytes.putInt(entry + 4, (int) anyNumber());
                case 3 -> bytes.putInt(entry + 8, (int) anyNumber());
                case 4 -> bytes.putInt(entry + 8, random.nextInt(changed.length));
                default -> {
                    bytes.putShort(entry, (short) 259)
                            .putShort(entry + 2, (short) 3)
                            .putInt(entry + 4, 1);
                    bytes.putShort(entry + 8, (short) any(TIFF_COMPRESSIONS));
                }
            }
        } catch (IndexOutOfBoundsException e) {
            return changeBytes(file);
        }
        return changed;
    }

    private byte[] changeBytes(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt(256)};
        }
        byte[] changed = bytes.clone();
        // Half of the changes near the beginning, where the headers are.
        int reach = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64);
        int at = random.nextInt(reach);
        switch (random.nextInt(8)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) random.nextInt(256);
            case 2 ->
                Arrays.fill(changed, at, Math.min(bytes.length, at + 1 + random.nextInt(32)), any(new byte[] {
                    0, -1, 0x7F, (byte) random.nextInt(256)
                }));
            case 3, 4 -> putNumber(changed, at);
            case 5 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 6 -> {
                int length = Math.min(bytes.length - at, 1 + random.nextInt(64));
                int to = random.nextInt(bytes.length - length + 1);
                System.arraycopy(bytes, at, changed, to, length);
            }
            default -> {
                byte[] more = new byte[1 + random.nextInt(16)];
                random.nextBytes(more);
                return ByteBuffer.allocate(bytes.length + more.length)
                        .put(bytes, 0, at)
                        .put(more)
                        .put(bytes, at, bytes.length - at)
                        .array();
            }
        }
        return changed;
    }

    private void putNumber(byte[] bytes, int at) {
        long number = random.nextInt(4) == 0 ? bytes.length + random.nextInt(9) - 4L : anyNumber();
        int width = Math.min(bytes.length - at, 1 << random.nextInt(3));
        boolean littleEndian = random.nextBoolean();
        for (int i = 0; i < width; i++) {
            bytes[at + i] = (byte) (number >> (8 * (littleEndian ? i : width - 1 - i)));
        }
    }

    private long anyNumber() {
        return random.nextInt(4) == 0 ? random.nextInt() : NUMBERS[random.nextInt(NUMBERS.length)];
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private String any(String[] strings) {
        return strings[random.nextInt(strings.length)];
    }

    private int any(int[] numbers) {
        return numbers[random.nextInt(numbers.length)];
    }

    private byte any(byte[] bytes) {
        return bytes[random.nextInt(bytes.length)];
    }
}
