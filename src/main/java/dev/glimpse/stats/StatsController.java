package dev.glimpse.stats;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.stats.Ring.Samples;
import dev.glimpse.stats.ServerReport.Stats;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** {@code GET /stats}: JSON, or a page for a browser. */
@Controller
class StatsController {
    private final ServerReport report;
    private final Sampler sampler;

    StatsController(ServerReport report, Sampler sampler) {
        this.report = report;
        this.sampler = sampler;
    }

    @GetMapping(path = "/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Stats> stats(HttpServletRequest caller) {
        return ResponseEntity.ok()
                .varyBy(HttpHeaders.ACCEPT)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .body(report.stats(caller));
    }

    /** Of which time samples are asked for. */
    enum Span {
        /** The last one, every ten seconds. */
        HOUR,
        /** The last one, every five minutes. */
        DAY
    }

    /** @param after seconds since 1970: only later samples are asked for */
    @GetMapping(path = "/stats/history", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Samples> history(
            @RequestParam(defaultValue = "hour") String span, @RequestParam(defaultValue = "0") long after) {
        return ResponseEntity.ok()
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .body(
                        switch (span(span)) {
                            case HOUR -> sampler.hour(after);
                            case DAY -> sampler.day(after);
                        });
    }

    private static Span span(String name) {
        return Arrays.stream(Span.values())
                .filter(span -> span.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new InvalidQueryException("span must be hour or day: " + name));
    }

    @GetMapping(path = "/stats", produces = MediaType.TEXT_HTML_VALUE)
    String page(HttpServletResponse response) {
        response.setHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT);
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
        return "forward:/stats.html";
    }
}
