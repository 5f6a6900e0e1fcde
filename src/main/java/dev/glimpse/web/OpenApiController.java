package dev.glimpse.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.json.JsonMapper;

/** Serves the API's description, {@code docs/openapi.yaml}: as it is written, and as JSON. */
@RestController
class OpenApiController {
    private static final MediaType YAML = new MediaType(MediaType.APPLICATION_YAML, StandardCharsets.UTF_8);

    private final byte[] yaml;

    // Most servers are never asked for it, so none starts later because of it.
    private final SingletonSupplier<byte[]> json;

    OpenApiController(JsonMapper mapper) throws IOException {
        try (InputStream document = new ClassPathResource("openapi.yaml").getInputStream()) {
            yaml = document.readAllBytes();
        }
        json = SingletonSupplier.of(() -> toJson(mapper));
    }

    private byte[] toJson(JsonMapper mapper) {
        Object document =
                new Yaml(new SafeConstructor(new LoaderOptions())).load(new String(yaml, StandardCharsets.UTF_8));
        return mapper.writeValueAsBytes(document);
    }

    @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
    byte[] json() {
        return Objects.requireNonNull(json.get());
    }

    @GetMapping(path = "/v3/api-docs.yaml")
    ResponseEntity<byte[]> yaml() {
        return ResponseEntity.ok().contentType(YAML).body(yaml);
    }
}
