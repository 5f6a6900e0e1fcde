package dev.glimpse.image;

import java.util.Arrays;

/**
 * How a picture becomes the square that a model sees.
 *
 * @param side of the square, pixels
 * @param resize what becomes of a picture that is no square
 * @param resizedTo pixels that {@code resize} aims at; more than {@code side} only with {@link Resize#SHORT_SIDE}
 * @param filter by which pixels are resized
 * @param crop where the square is cut out, if that leaves half a pixel
 * @param fill brightness of what the picture leaves free, 0 to 255
 */
public record Square(int side, Resize resize, int resizedTo, Filter filter, Crop crop, int fill) {
    /** What becomes of a picture that is no square. */
    public enum Resize {
        /** The shorter side is resized, and the middle of the longer one is seen. */
        SHORT_SIDE,
        /** The longer side is resized, and there are bars beside the shorter one. */
        LONG_SIDE,
        /** Both sides are resized, and proportions are lost. */
        SQUASH
    }

    /** A filter of Pillow's. */
    public enum Filter {
        BILINEAR,
        BICUBIC
    }

    /** Which way half a pixel goes. */
    public enum Crop {
        /** Towards the beginning, as in transformers. */
        DOWN,
        /** To the even number, as in torchvision and open_clip. */
        TO_EVEN;

        private long offset(long free) {
            return this == DOWN ? free / 2 : (long) Math.rint(free / 2.0);
        }
    }

    public Square {
        if (side < 1) {
            throw new IllegalArgumentException("size must be at least 1: " + side);
        }
        if (resizedTo < side || (resizedTo > side && resize != Resize.SHORT_SIDE)) {
            throw new IllegalArgumentException(
                    "a square of " + side + " cannot come from " + resizedTo + ", " + resize);
        }
        if (fill < 0 || fill > 255) {
            throw new IllegalArgumentException("fill must be 0 to 255: " + fill);
        }
    }

    /** The middle square as CLIP sees it: the short side resized, half a pixel towards the beginning. */
    public static Square ofMiddle(int side) {
        return new Square(side, Resize.SHORT_SIDE, side, Filter.BICUBIC, Crop.DOWN, 0);
    }

    /**
     * The square of a picture as red, green and blue bytes, row by row.
     *
     * @param width of the original, which may have more pixels than are stored
     * @param betweenRows is called often, on the calling thread
     */
    byte[] of(byte[] rgb, int width, int height, int storedWidth, int storedHeight, Runnable betweenRows) {
        return switch (resize) {
            case SHORT_SIDE -> {
                int shortSide = Math.min(width, height);
                long outWidth = (long) resizedTo * width / shortSide;
                long outHeight = (long) resizedTo * height / shortSide;
                yield Resampling.resize(
                        rgb,
                        new Resampling.Axis(storedWidth, outWidth, crop.offset(outWidth - side), side),
                        new Resampling.Axis(storedHeight, outHeight, crop.offset(outHeight - side), side),
                        filter,
                        betweenRows);
            }
            case SQUASH -> whole(rgb, storedWidth, storedHeight, side, side, betweenRows);
            case LONG_SIDE -> {
                double ratio = Math.max(width, height) / (double) side;
                int outWidth = (int) Math.max(1, Math.rint(width / ratio));
                int outHeight = (int) Math.max(1, Math.rint(height / ratio));
                yield framed(
                        whole(rgb, storedWidth, storedHeight, outWidth, outHeight, betweenRows), outWidth, outHeight);
            }
        };
    }

    private byte[] whole(byte[] rgb, int width, int height, int outWidth, int outHeight, Runnable betweenRows) {
        return Resampling.resize(
                rgb,
                new Resampling.Axis(width, outWidth, 0, outWidth),
                new Resampling.Axis(height, outHeight, 0, outHeight),
                filter,
                betweenRows);
    }

    private byte[] framed(byte[] rgb, int width, int height) {
        byte[] framed = new byte[side * side * 3];
        Arrays.fill(framed, (byte) fill);
        int left = (side - width) / 2;
        int top = (side - height) / 2;
        for (int y = 0; y < height; y++) {
            System.arraycopy(rgb, y * width * 3, framed, ((top + y) * side + left) * 3, width * 3);
        }
        return framed;
    }
}
