package dev.glimpse.testing;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Colour profiles for tests, and pictures that have them. */
public final class TestProfiles {
    private TestProfiles() {}

    /** Of sRGB, but red is meant where blue is said, and the other way round. */
    public static byte[] swapped() {
        byte[] profile = standard();
        ByteBuffer bytes = ByteBuffer.wrap(profile);
        for (int at = 132; at < 132 + 12 * bytes.getInt(128); at += 12) {
            String name = new String(profile, at, 4, StandardCharsets.US_ASCII);
            if (name.equals("rXYZ") || name.equals("rTRC")) {
                profile[at] = 'b';
            } else if (name.equals("bXYZ") || name.equals("bTRC")) {
                profile[at] = 'r';
            }
        }
        return profile;
    }

    public static byte[] standard() {
        return ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
    }

    public static byte[] gray() {
        return ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
    }

    /** One piece, as it is in a JPEG. */
    public static byte[] segment(int number, int of, byte[] piece) {
        return ByteBuffer.allocate(18 + piece.length)
                .putShort((short) 0xFFE2)
                .putShort((short) (16 + piece.length))
                .put("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII))
                .put((byte) number)
                .put((byte) of)
                .put(piece)
                .array();
    }

    /** The same JPEG with segments behind its first marker. */
    public static byte[] inJpeg(byte[] jpeg, byte[]... segments) {
        return inserted(jpeg, 2, segments);
    }

    public static byte[] inserted(byte[] file, int at, byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(file, 0, at);
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        bytes.write(file, at, file.length - at);
        return bytes.toByteArray();
    }

    /** The same PNG with this as its profile. */
    public static byte[] inPng(byte[] png, byte[] profile) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes("name\0\0".getBytes(StandardCharsets.US_ASCII));
        data.writeBytes(TestImages.deflated(profile));
        return inserted(png, 33, TestImages.chunk("iCCP", data.toByteArray()));
    }

    /** The same GIF with this as its profile. */
    public static byte[] inGif(byte[] gif, byte[] profile) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(new byte[] {0x21, (byte) 0xFF, 11});
        block.writeBytes("ICCRGBG1012".getBytes(StandardCharsets.US_ASCII));
        for (int at = 0; at < profile.length; at += 255) {
            byte[] piece = Arrays.copyOfRange(profile, at, Math.min(profile.length, at + 255));
            block.write(piece.length);
            block.writeBytes(piece);
        }
        block.write(0);
        return inserted(gif, 13 + (3 << ((gif[10] & 7) + 1)), block.toByteArray());
    }

    /** A simple WebP, extended with this chunk. */
    public static byte[] inWebp(byte[] webp, int width, int height, String name, byte[] data) {
        int flags = name.equals("ICCP") ? 0x20 : name.equals("EXIF") ? 0x08 : 0;
        int padded = data.length + (data.length & 1);
        byte[] chunks = ByteBuffer.allocate(18 + 8 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("VP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .putInt(flags)
                .putShort((short) (width - 1))
                .put((byte) 0)
                .putShort((short) (height - 1))
                .put((byte) 0)
                .put(name.getBytes(StandardCharsets.US_ASCII))
                .putInt(data.length)
                .put(data)
                .array();
        byte[] bytes = inserted(webp, 12, chunks);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, bytes.length - 8);
        return bytes;
    }
}
