package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a camera has written beside the pixels, as far as it is of use here. Broken EXIF data is no reason to refuse a picture: what cannot
 * be read is taken as not said.
 *
 * @param takenAt when the picture was taken: DateTimeOriginal with OffsetTimeOriginal, or in UTC if there is no offset. Null if it is not
 *     said, or lies before the first photograph or after 2099
 */
record Exif(Orientation orientation, @Nullable Instant takenAt) {
    static final Exif NONE = new Exif(Orientation.UPRIGHT, null);

    private static final int FIRST_YEAR = 1826;
    private static final int LAST_YEAR = 2099;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu:MM:dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);

    private static final Pattern OFFSET = Pattern.compile("[+-]\\d\\d:\\d\\d");
    private static final Pattern FRACTION = Pattern.compile("\\d{1,6}");

    /** @param start of a block that is built like a TIFF */
    static Exif of(byte[] bytes, int start, int end) {
        try {
            ByteBuffer block =
                    TiffFile.order(ByteBuffer.wrap(bytes, start, end - start).slice());
            TiffFile.Directory first = TiffFile.Directory.at(block, block.getInt(4));
            return new Exif(Orientation.of((int) first.value(TiffFile.ORIENTATION, 1)), takenAt(first));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return NONE;
        }
    }

    /** This, of a picture that was held in another way. */
    Exif turned(Orientation other) {
        return new Exif(other, takenAt);
    }

    /** When the picture of a file was taken, as the first directory of the file says. */
    static @Nullable Instant takenAt(TiffFile.Directory first) {
        try {
            int start = (int) first.value(TiffFile.EXIF, 0);
            return start == 0 ? null : time(TiffFile.Directory.at(first.file(), start));
        } catch (IndexOutOfBoundsException | IllegalArgumentException | DateTimeException e) {
            return null;
        }
    }

    private static @Nullable Instant time(TiffFile.Directory exif) {
        LocalDateTime time = LocalDateTime.parse(text(exif, TiffFile.TAKEN), TIME);
        if (time.getYear() < FIRST_YEAR || time.getYear() > LAST_YEAR) {
            return null;
        }
        Matcher offset = OFFSET.matcher(text(exif, TiffFile.TAKEN_OFFSET));
        Matcher fraction = FRACTION.matcher(text(exif, TiffFile.TAKEN_FRACTION));
        long micros = fraction.matches() ? Long.parseLong((fraction.group() + "00000").substring(0, 6)) : 0;
        return time.toInstant(offset.matches() ? ZoneOffset.of(offset.group()) : ZoneOffset.UTC)
                .plusNanos(micros * 1_000);
    }

    private static String text(TiffFile.Directory exif, int tag) {
        return exif.text(tag).replace('\0', ' ').strip();
    }
}
