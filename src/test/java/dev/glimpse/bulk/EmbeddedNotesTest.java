package dev.glimpse.bulk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What JPEGs say of themselves. */
class EmbeddedNotesTest {
    private static final int APP1 = 0xe1;
    private static final int APP13 = 0xed;

    private static final byte[] XMP = segment(APP1, bytes("http://ns.adobe.com/xap/1.0/\0" + """
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
            <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about="">
            <dc:description><rdf:Alt><rdf:li xml:lang="x-default">A lake at dawn</rdf:li></rdf:Alt></dc:description>
            <dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>morning, early</rdf:li></rdf:Bag></dc:subject>
            </rdf:Description></rdf:RDF></x:xmpmeta>"""));

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    private static byte[] written(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writing.to(out);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] segment(int marker, byte[] content) {
        return written(out -> {
            out.write(0xff);
            out.write(marker);
            out.writeShort(content.length + 2);
            out.write(content);
        });
    }

    private static byte[] jpeg(byte[]... segments) {
        return written(out -> {
            out.writeShort(0xffd8);
            for (byte[] segment : segments) {
                out.write(segment);
            }
            out.write(segment(0xda, new byte[10]));
            out.writeShort(0xffd9);
        });
    }

    private static void data(DataOutputStream out, int set, String text) throws IOException {
        out.write(new byte[] {0x1c, 2, (byte) set});
        out.writeShort(bytes(text).length);
        out.write(bytes(text));
    }

    private static byte[] iptc() {
        byte[] block = written(out -> {
            data(out, 120, "A street in rain");
            data(out, 25, "street");
            data(out, 25, "rain");
        });
        return segment(APP13, written(out -> {
            out.write(bytes("Photoshop 3.0\0" + "8BIM"));
            out.writeShort(0x0404);
            out.writeShort(0); // no name
            out.writeInt(block.length);
            out.write(block);
            if (block.length % 2 == 1) {
                out.write(0);
            }
        }));
    }

    private static byte[] exif(String description) {
        return segment(APP1, written(out -> {
            out.write(bytes("Exif\0\0MM\0*"));
            out.writeInt(8);
            out.writeShort(1);
            out.writeShort(270);
            out.writeShort(2);
            out.writeInt(description.length() + 1);
            out.writeInt(26);
            out.writeInt(0);
            out.write(bytes(description + "\0"));
        }));
    }

    private static Notes read(byte[] jpeg) throws IOException {
        return EmbeddedNotes.of(new ByteArrayInputStream(jpeg));
    }

    @Test
    void xmpComesFirst() throws IOException {
        Notes notes = read(jpeg(exif("from EXIF"), XMP, iptc()));

        assertThat(notes.caption()).isEqualTo("A lake at dawn");
        assertThat(notes.tags()).containsExactly("lake", "morning  early"); // a comma would part it
    }

    @Test
    void iptcComesSecond() throws IOException {
        Notes notes = read(jpeg(exif("from EXIF"), iptc()));

        assertThat(notes.caption()).isEqualTo("A street in rain");
        assertThat(notes.tags()).containsExactly("street", "rain");
    }

    @Test
    void exifComesLast() throws IOException {
        assertThat(read(jpeg(exif("from EXIF")))).isEqualTo(new Notes("from EXIF", List.of()));
    }

    @Test
    void whatIsBrokenIsNotSaid() throws IOException {
        byte[] whole = jpeg(exif("from EXIF"), XMP, iptc());

        for (int length = 0; length < whole.length; length++) {
            assertThat(read(Arrays.copyOf(whole, length))).isNotNull();
        }
        assertThat(read(jpeg(segment(APP1, bytes("Exif\0\0nonsense"))))).isEqualTo(Notes.NONE);
        assertThat(read(bytes("no JPEG"))).isEqualTo(Notes.NONE);
    }

    @Test
    void entityOfAnotherFileIsNotReadFromXmp() throws IOException {
        byte[] hostile = segment(APP1, bytes("http://ns.adobe.com/xap/1.0/\0" + """
                <!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>
                <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
                <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about="" dc:description="&e;"/>
                </rdf:RDF></x:xmpmeta>"""));

        assertThat(read(jpeg(hostile))).isEqualTo(Notes.NONE);
    }
}
