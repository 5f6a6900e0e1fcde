package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
