package dev.glimpse.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/** Puts cropped pictures, red, green, blue, row by row, into the one array that the image encoder takes. */
final class ImageStacker {
    private final ModelDescriptor.ImageInput input;
    private final float[] scale = new float[3];
    private final float[] shift = new float[3];

    ImageStacker(ModelDescriptor.ImageInput input) {
        this.input = input;
        for (int channel = 0; channel < 3; channel++) {
            double mean = input.normalizeInGraph() ? 0 : input.mean().get(channel);
            double std = input.normalizeInGraph() ? 1 : input.std().get(channel);
            scale[channel] = (float) (1 / (255 * std));
            shift[channel] = (float) (-mean / std);
        }
    }

    NDList stack(NDManager manager, List<byte[]> pictures) {
        return new NDList(input.input().equals("uint8_nhwc") ? bytes(manager, pictures) : floats(manager, pictures));
    }

    private NDArray bytes(NDManager manager, List<byte[]> pictures) {
        int size = input.size();
        ByteBuffer pixels = ByteBuffer.allocateDirect(pictures.size() * size * size * 3);
        pictures.forEach(pixels::put);
        pixels.flip();
        return manager.create(pixels, new Shape(pictures.size(), size, size, 3), DataType.UINT8);
    }

    private NDArray floats(NDManager manager, List<byte[]> pictures) {
        int size = input.size();
        ByteBuffer buffer = ByteBuffer.allocateDirect(pictures.size() * size * size * 3 * Float.BYTES)
                .order(ByteOrder.nativeOrder());
        FloatBuffer planes = buffer.asFloatBuffer();
        for (byte[] picture : pictures) {
            for (int channel = 0; channel < 3; channel++) {
                for (int i = channel; i < picture.length; i += 3) {
                    planes.put((picture[i] & 0xFF) * scale[channel] + shift[channel]);
                }
            }
        }
        return manager.create(buffer, new Shape(pictures.size(), 3, size, size), DataType.FLOAT32);
    }
}
