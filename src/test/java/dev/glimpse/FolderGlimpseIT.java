package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Client.Answer;
import dev.glimpse.Client.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

class FolderGlimpseIT extends GlimpseContract {
    @TempDir
    static Path data;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @Override
    String pathOf(String id) {
        return id;
    }

    @Test
    void urlIsRefusedUnlessTheOperatorAllowsThem() {
        long before = rows();

        Answer alone = client.post("/upload?url=http://127.0.0.1/a.png");
        Answer besideAFile = client.multipart(
                "/upload", List.of(Part.file("a.png", newPicture()), Part.field("url", "http://127.0.0.1/a.png")));

        assertThat(alone.status()).isEqualTo(403);
        assertThat(alone.json().get("type").stringValue()).isEqualTo("/problems/url-upload-off");
        assertThat(alone.json().get("detail").stringValue()).contains("glimpse.upload.urls", "GLIMPSE_UPLOAD_URLS");
        assertThat(besideAFile.status()).isEqualTo(403);
        assertThat(rows()).isEqualTo(before);
    }

    @Test
    void hostileRequestsAreRefusedAndTheServerStaysWell() throws IOException {
        long seed = 2026;
        System.out.println("seed " + seed);
        HostileRequests hostile = new HostileRequests(port, new Random(seed));

        for (int i = 0; i < 400; i++) {
            assertThat(hostile.next())
                    .as("request %d of seed %d: %s", i, seed, new String(hostile.last(), StandardCharsets.ISO_8859_1))
                    .isEmpty();
        }

        assertThat(client.upload("good.png", newPicture()).status()).isEqualTo(201);
        assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
    }
}
