package dev.glimpse.bulk;

import com.twelvemonkeys.imageio.metadata.Directory;
import com.twelvemonkeys.imageio.metadata.Entry;
import com.twelvemonkeys.imageio.metadata.iptc.IPTC;
import com.twelvemonkeys.imageio.metadata.iptc.IPTCReader;
import com.twelvemonkeys.imageio.metadata.jpeg.JPEG;
import com.twelvemonkeys.imageio.metadata.jpeg.JPEGSegment;
import com.twelvemonkeys.imageio.metadata.jpeg.JPEGSegmentUtil;
import com.twelvemonkeys.imageio.metadata.psd.PSD;
import com.twelvemonkeys.imageio.metadata.psd.PSDReader;
import com.twelvemonkeys.imageio.metadata.tiff.TIFF;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFReader;
import com.twelvemonkeys.imageio.metadata.xmp.XMP;
import com.twelvemonkeys.imageio.metadata.xmp.XMPReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * What a JPEG says of itself: XMP ({@code dc:description}, {@code dc:subject}), else IPTC (caption, keywords), else EXIF
 * ({@code ImageDescription}). What cannot be read is taken as not said.
 */
final class EmbeddedNotes {
    /** Metadata comes before the pixels; each block of it has at most 64 kB. */
    private static final int MOST_BYTES = 1 << 20;

    private static final String XMP_ID = "http://ns.adobe.com/xap/1.0/";
    private static final String PHOTOSHOP_ID = "Photoshop 3.0";
    private static final String EXIF_ID = "Exif";
    private static final Map<Integer, List<String>> SEGMENTS =
            Map.of(JPEG.APP1, List.of(XMP_ID, EXIF_ID), JPEG.APP13, List.of(PHOTOSHOP_ID));

    private EmbeddedNotes() {}

    private interface Reader {
        Notes read(JPEGSegment segment) throws IOException;
    }

    /** What the first megabyte of a picture says. */
    static Notes of(InputStream picture) throws IOException {
        byte[] start = picture.readNBytes(MOST_BYTES);
        if (start.length < 3 || (start[0] & 0xff) != 0xff || (start[1] & 0xff) != 0xd8) {
            return Notes.NONE;
        }
        List<JPEGSegment> segments;
        try {
            segments = JPEGSegmentUtil.readSegments(
                    new MemoryCacheImageInputStream(new ByteArrayInputStream(start)), SEGMENTS);
        } catch (IOException | RuntimeException e) { // hostile metadata makes the library throw either
            return Notes.NONE;
        }
        return said(segments, XMP_ID, EmbeddedNotes::xmp)
                .or(said(segments, PHOTOSHOP_ID, EmbeddedNotes::iptc))
                .or(said(segments, EXIF_ID, EmbeddedNotes::exif));
    }

    private static Notes said(List<JPEGSegment> segments, String id, Reader reader) {
        Notes notes = Notes.NONE;
        for (JPEGSegment segment : segments) {
            if (id.equals(segment.identifier())) {
                try {
                    notes = notes.or(reader.read(segment));
                } catch (IOException | RuntimeException e) {
                    // Not said.
                }
            }
        }
        return notes;
    }

    private static Notes xmp(JPEGSegment segment) throws IOException {
        Directory xmp = new XMPReader().read(new MemoryCacheImageInputStream(segment.data()));
        return new Notes(first(value(xmp, XMP.NS_DC + "description")), texts(value(xmp, XMP.NS_DC + "subject")));
    }

    private static Notes iptc(JPEGSegment segment) throws IOException {
        Directory resources = new PSDReader().read(new MemoryCacheImageInputStream(segment.data()));
        if (!(value(resources, PSD.RES_IPTC_NAA) instanceof byte[] block)) {
            return Notes.NONE;
        }
        Directory iptc = new IPTCReader().read(new MemoryCacheImageInputStream(new ByteArrayInputStream(block)));
        return new Notes(first(value(iptc, IPTC.TAG_CAPTION)), texts(value(iptc, IPTC.TAG_KEYWORDS)));
    }

    private static Notes exif(JPEGSegment segment) throws IOException {
        InputStream data = segment.data();
        data.skipNBytes(1); // the second zero behind "Exif"
        Directory exif = new TIFFReader().read(new MemoryCacheImageInputStream(data));
        return new Notes(first(value(exif, TIFF.TAG_IMAGE_DESCRIPTION)), List.of());
    }

    /** Some readers put directories into directories. */
    private static @Nullable Object value(Directory directory, Object id) {
        Entry entry = directory.getEntryById(id);
        if (entry != null) {
            return entry.getValue();
        }
        for (Entry other : directory) {
            if (other.getValue() instanceof Directory inner) {
                Object found = value(inner, id);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private static @Nullable String first(@Nullable Object value) {
        List<String> texts = texts(value);
        return texts.isEmpty() ? null : texts.get(0);
    }

    private static List<String> texts(@Nullable Object value) {
        if (value instanceof Map<?, ?> byLanguage) {
            Object usual = byLanguage.get("x-default");
            return texts(usual == null ? byLanguage.values() : usual);
        }
        if (value instanceof Collection<?> many) {
            List<String> texts = new ArrayList<>();
            many.forEach(one -> texts.addAll(texts(one)));
            return texts;
        }
        if (value instanceof Object[] many) {
            return texts(Arrays.asList(many));
        }
        return value instanceof String text ? List.of(text) : List.of();
    }
}
