package dev.glimpse.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.DigestUtils;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.json.JsonMapper;

/** Serves the OpenAPI document, which is {@code docs/openapi.yaml} with the version of this server. */
@RestController
class DescriptionController {
    private final String yaml;
    private final String json;
    private final String tag;

    DescriptionController(JsonMapper json) {
        try {
            this.yaml = new ClassPathResource("openapi.yaml").getContentAsString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Object document = new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
        this.json = json.writeValueAsString(document);
        // Weak, as the answer may be compressed: Tomcat compresses none with a strong one.
        this.tag = "W/\"" + DigestUtils.md5DigestAsHex(yaml.getBytes(StandardCharsets.UTF_8)) + "\"";
    }

    @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<String> json() {
        return answer(json);
    }

    @GetMapping(path = "/v3/api-docs.yaml", produces = MediaType.APPLICATION_YAML_VALUE)
    ResponseEntity<String> yaml() {
        return answer(yaml);
    }

    private ResponseEntity<String> answer(String document) {
        return ResponseEntity.ok()
                .cacheControl(CacheControl.noCache())
                .eTag(tag)
                .body(document);
    }
}
