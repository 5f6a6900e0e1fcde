package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.image.foreign.InstalledDecoders;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** HEIC, AVIF and JPEG XL over HTTP, where their decoders are installed. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ForeignPicturesIT {
    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    private Answer upload(String name, byte[] bytes) {
        return new Client(port).multipart("/upload", List.of(Part.file(name, bytes)));
    }

    @ParameterizedTest
    @CsvSource({"turned.heic, image/heic, heic", "grid.avif, image/avif, avif", "turned.jxl, image/jxl, jxl"})
    void isKeptAsItCameAndSeenAndFound(String name, String type, String extension) throws IOException {
        InstalledDecoders.requireFor(name);
        Client client = new Client(port);
        byte[] bytes = InstalledDecoders.file(name);

        // The name says something else than the bytes.
        Answer stored = upload("photo.jpg", bytes);
        Answer again = upload("photo.jpg", bytes);

        assertThat(stored.status()).isEqualTo(201);
        assertThat(again.status()).isEqualTo(200);
        String id = stored.json().get("id").stringValue();
        assertThat(id).matches("images/[0-9a-f]{64}\\." + extension);
        Answer original = client.get("/" + id);
        assertThat(original.header("Content-Type")).isEqualTo(type);
        assertThat(original.bytes()).isEqualTo(bytes);
        Answer thumbnail = client.get("/" + id + "/thumbnail");
        assertThat(thumbnail.header("Content-Type")).isEqualTo("image/jpeg");
        BufferedImage seen = ImageIO.read(new ByteArrayInputStream(thumbnail.bytes()));
        assertThat((double) seen.getWidth() / seen.getHeight()).isEqualTo(1.5);
        // The red corner is at the top left, once it is upright.
        assertThat((seen.getRGB(4, 4) >> 16) & 0xFF).isGreaterThan(190);
        assertThat(seen.getRGB(4, 4) & 0xFF).isLessThan(60);
        assertThat(ids(client.get("/search?text=a+red+corner&limit=100"))).contains(id);
    }

    private static List<String> ids(Answer search) {
        return StreamSupport.stream(search.json().get("results").spliterator(), false)
                .map(hit -> hit.get("id").stringValue())
                .toList();
    }

    @Test
    void damagedOneIsRefusedAndTheNextOneIsTaken() {
        InstalledDecoders.requireFor("plain.heic");
        byte[] bytes = InstalledDecoders.file("plain.heic");

        Answer cut = upload("cut.heic", Arrays.copyOf(bytes, bytes.length - 400));
        Answer garbage = upload("garbage.heic", Arrays.copyOf(bytes, 300));
        Answer good = upload("good.heic", bytes);

        for (Answer refused : List.of(cut, garbage)) {
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.json().get("type").stringValue()).isEqualTo("/problems/damaged-image");
            assertThat(refused.json().get("detail").stringValue()).startsWith("damaged HEIC: ");
        }
        assertThat(good.status()).isIn(200, 201);
    }

    @Test
    void statsAndRefusalsNameTheFormatsThatAreTaken() {
        InstalledDecoders.requireFor("plain.heic");

        List<String> formats = StreamSupport.stream(
                        new Client(port)
                                .get("/stats", "Accept", "application/json")
                                .json()
                                .get("formats")
                                .spliterator(),
                        false)
                .map(format -> format.stringValue())
                .toList();
        Answer refused = upload("notes.txt", "notes".getBytes(StandardCharsets.US_ASCII));

        assertThat(formats).contains("image/jpeg", "image/heic");
        assertThat(refused.status()).isEqualTo(415);
        assertThat(refused.json().get("detail").stringValue()).contains("HEIC");
    }
}
