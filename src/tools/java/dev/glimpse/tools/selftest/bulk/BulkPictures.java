package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.tools.Parallel;
import dev.glimpse.tools.Photographs;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Different JPEGs of about 64 kB in folders: clouds with grain, shapes over them. The same seed makes the same ones. */
final class BulkPictures {
    private static final int WIDTH = 700;
    private static final int HEIGHT = 526;
    private static final int SKIES = 8;
    private static final int SHAPES = 8;
    private static final int IN_A_FOLDER = 100;
    private static final int PUTTERS = 16;

    private final Path folder;
    private final String[] ids;
    private final long bytes;

    private BulkPictures(Path folder, String[] ids, long bytes) {
        this.folder = folder;
        this.ids = ids;
        this.bytes = bytes;
    }

    static BulkPictures make(Path folder, int count, long seed) throws Exception {
        Random chance = new Random(seed);
        List<BufferedImage> skies = new ArrayList<>();
        for (int i = 0; i < Math.min(SKIES, count); i++) {
            skies.add(Photographs.clouds(WIDTH, HEIGHT, chance));
        }
        String[] ids = new String[count];
        AtomicLong bytes = new AtomicLong();
        for (int i = 0; i < count; i += IN_A_FOLDER) {
            Files.createDirectories(folder.resolve(name(i)).getParent());
        }
        Parallel.forEach(Runtime.getRuntime().availableProcessors(), count, i -> {
            byte[] file = picture(skies.get(i % skies.size()), new Random(seed * 1_000_003 + i));
            ids[i] = ImageId.of(file, ImageFormat.JPEG).toString();
            bytes.addAndGet(file.length);
            Files.write(folder.resolve(name(i)), file);
        });
        return new BulkPictures(folder, ids, bytes.get());
    }

    private static byte[] picture(BufferedImage sky, Random chance) throws IOException {
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        sky.copyData(picture.getRaster());
        Graphics2D canvas = picture.createGraphics();
        for (int i = 0; i < SHAPES; i++) {
            canvas.setColor(new Color(chance.nextInt(1 << 24)));
            int left = chance.nextInt(WIDTH);
            int top = chance.nextInt(HEIGHT);
            int width = 20 + chance.nextInt(WIDTH / 4);
            int height = 20 + chance.nextInt(HEIGHT / 4);
            if (chance.nextBoolean()) {
                canvas.fillOval(left, top, width, height);
            } else {
                canvas.fillRect(left, top, width, height);
            }
        }
        canvas.dispose();
        for (int i = 0; i < SHAPES; i++) {
            Photographs.patch(picture, chance);
        }
        return Photographs.jpeg(picture);
    }

    private static String name(int i) {
        return "%04d/%06d.jpg".formatted(i / IN_A_FOLDER, i);
    }

    int count() {
        return ids.length;
    }

    /** Of one file, on average. */
    long size() {
        return bytes / Math.max(1, ids.length);
    }

    /** In bytes, of all files. */
    long bytes() {
        return bytes;
    }

    Path folder() {
        return folder;
    }

    /** The file of a picture. */
    Path file(int i) {
        return folder.resolve(name(i));
    }

    /** Keys that the pictures have as {@code images/...}. */
    Set<String> ids() {
        return Set.copyOf(Arrays.asList(ids));
    }

    /** All of them in a zip, packed as zips are by default. */
    Path zip() throws IOException {
        Path zip = folder.resolveSibling(folder.getFileName() + ".zip");
        if (!Files.exists(zip)) {
            try (ZipOutputStream out =
                    new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(zip), 1 << 16))) {
                for (int i = 0; i < ids.length; i++) {
                    out.putNextEntry(new ZipEntry(name(i)));
                    Files.copy(file(i), out);
                    out.closeEntry();
                }
            }
        }
        return zip;
    }

    /** Puts all under keys with this prefix, and not as the pictures of a server. */
    void putInto(ObjectStore store, String prefix) throws Exception {
        Parallel.forEach(
                PUTTERS,
                ids.length,
                i -> store.putIfAbsent(prefix + name(i), Files.readAllBytes(file(i)), "image/jpeg", Map.of()));
    }
}
