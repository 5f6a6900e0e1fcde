package dev.glimpse.tools;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures that are made up, and compress about like photographs. */
public final class Photographs {
    private Photographs() {}

    /** Clouds of all sizes, in colour, with grain. */
    public static BufferedImage clouds(int width, int height, Random chance) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        double[] waves = chance.doubles(36).toArray();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int rgb = 0;
                for (int band = 0; band < 3; band++) {
                    double value = 0;
                    for (int wave = 0; wave < 4; wave++) {
                        int at = (band * 4 + wave) * 3;
                        value += Math.sin((x * (waves[at] - 0.5) + y * (waves[at + 1] - 0.5)) * 0.02 * (1 << wave)
                                        + waves[at + 2] * 6)
                                / (1 << wave);
                    }
                    int level = (int) (128 + 55 * value + chance.nextInt(17) - 8);
                    rgb = rgb << 8 | Math.max(0, Math.min(255, level));
                }
                picture.setRGB(x, y, rgb);
            }
        }
        return picture;
    }

    /** Different files that look nearly the same. */
    public static List<byte[]> jpegs(int width, int height, int count, Random chance) throws IOException {
        BufferedImage picture = clouds(width, height, chance);
        List<byte[]> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // one patch more makes it another picture
            patch(picture, chance);
            files.add(jpeg(picture));
        }
        return files;
    }

    /** Covers 32 x 32 pixels somewhere with pixels of any colour. */
    public static void patch(BufferedImage picture, Random chance) {
        int left = chance.nextInt(picture.getWidth() - 32);
        int top = chance.nextInt(picture.getHeight() - 32);
        picture.setRGB(left, top, 32, 32, chance.ints(32 * 32, 0, 1 << 24).toArray(), 0, 32);
    }

    /** In the quality of cameras. */
    public static byte[] jpeg(BufferedImage picture) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam quality = writer.getDefaultWriteParam();
            quality.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            quality.setCompressionQuality(0.88f);
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), quality);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
