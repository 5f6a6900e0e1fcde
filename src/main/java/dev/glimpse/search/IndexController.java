package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.IndexKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class IndexController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    private final ImageDataset dataset;

    IndexController(ImageDataset dataset) {
        this.dataset = dataset;
    }

    record Accepted(String state, String statusUrl) {}

    /** Starts a build; its progress is the {@code indexJob} of {@code /stats}. */
    @PostMapping(path = "/admin/index", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Accepted> build(@RequestParam(defaultValue = "IVF_FLAT") IndexKind type) {
        dataset.startIndexBuild(type);
        audit.info("index type={}", type);
        return ResponseEntity.accepted()
                .body(new Accepted(dataset.indexJob().state().toString(), "/stats"));
    }
}
