package dev.glimpse.image;

import java.awt.image.BufferedImage;

/** The eight orientations of EXIF: how stored pixels are to be turned and mirrored to stand upright. */
final class Orientation {
    private Orientation() {}

    static boolean swapsSides(int orientation) {
        return orientation >= 5;
    }

    /** The picture upright; itself if it is. */
    static BufferedImage apply(int orientation, BufferedImage stored) {
        if (orientation == 1) {
            return stored;
        }
        int width = stored.getWidth();
        int height = stored.getHeight();
        boolean swap = swapsSides(orientation);
        BufferedImage upright =
                new BufferedImage(swap ? height : width, swap ? width : height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < upright.getHeight(); y++) {
            for (int x = 0; x < upright.getWidth(); x++) {
                int right = width - 1;
                int bottom = height - 1;
                int rgb = switch (orientation) {
                    case 2 -> stored.getRGB(right - x, y);
                    case 3 -> stored.getRGB(right - x, bottom - y);
                    case 4 -> stored.getRGB(x, bottom - y);
                    case 5 -> stored.getRGB(y, x);
                    case 6 -> stored.getRGB(y, bottom - x);
                    case 7 -> stored.getRGB(right - y, bottom - x);
                    case 8 -> stored.getRGB(right - y, x);
                    default -> throw new IllegalArgumentException("orientation is 1 to 8: " + orientation);
                };
                upright.setRGB(x, y, rgb);
            }
        }
        return upright;
    }
}
