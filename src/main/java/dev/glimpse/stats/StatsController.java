package dev.glimpse.stats;

import dev.glimpse.stats.ServerReport.Stats;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** {@code GET /stats}: JSON, or a page for a browser. */
@Controller
class StatsController {
    private final ServerReport report;

    StatsController(ServerReport report) {
        this.report = report;
    }

    @GetMapping(path = "/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Stats> stats(HttpServletRequest caller) {
        return ResponseEntity.ok()
                .varyBy(HttpHeaders.ACCEPT)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .body(report.stats(caller));
    }

    @GetMapping(path = "/stats", produces = MediaType.TEXT_HTML_VALUE)
    String page(HttpServletResponse response) {
        response.setHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT);
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
        return "forward:/stats.html";
    }
}
