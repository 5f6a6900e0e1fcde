package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Client.Answer;
import dev.glimpse.Client.Part;
import java.nio.file.Path;
import java.util.List;
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
}
