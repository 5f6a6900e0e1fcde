package dev.glimpse.web;

import dev.glimpse.web.ProblemTypes.Explanation;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.DigestUtils;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

/**
 * Explains each type of problem at the address that the problem names. Needs no key: a client whose key is refused may read why.
 * JSON, unless the client asks for text or, as browsers do, for a page.
 */
@RestController
class ProblemController {
    /** They change with the server, which a client may ask each time. */
    private static final String CACHING = "no-cache";

    /** Types and what they mean, by status. */
    record Types(List<Explained> problems) {}

    /**
     * One type.
     *
     * @param type the URI, as in the problem
     * @param when it happens
     * @param whatToDo for a client, or the operator
     */
    record Explained(String type, String title, int status, String when, String whatToDo) {
        static Explained of(Explanation problem) {
            return new Explained(
                    uri(problem),
                    HttpStatus.valueOf(problem.status()).getReasonPhrase(),
                    problem.status(),
                    problem.when(),
                    problem.remedy());
        }
    }

    @GetMapping(path = "/problems", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Types> all() {
        return answer(new Types(ProblemTypes.all().stream().map(Explained::of).toList()));
    }

    @GetMapping(path = "/problems", produces = MediaType.TEXT_PLAIN_VALUE)
    ResponseEntity<String> allAsText() {
        return answer(ProblemTypes.all().stream().map(ProblemController::line).collect(Collectors.joining()));
    }

    private static String line(Explanation problem) {
        return problem.status() + " " + uri(problem) + ": " + problem.when() + "\n";
    }

    @GetMapping(path = "/problems", produces = MediaType.TEXT_HTML_VALUE)
    ResponseEntity<String> allAsPage() {
        String rows = ProblemTypes.all().stream()
                .map(problem -> "<tr><td>" + problem.status() + "</td><td><a href=\"" + uri(problem) + "\">"
                        + problem.type() + "</a></td><td>" + html(problem.when()) + "</td></tr>\n")
                .collect(Collectors.joining());
        return answer(page("Problems", "<table>\n" + rows + "</table>\n"));
    }

    @GetMapping(path = "/problems/{type}", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Explained> one(@PathVariable String type) {
        return answer(Explained.of(find(type)));
    }

    @GetMapping(path = "/problems/{type}", produces = MediaType.TEXT_PLAIN_VALUE)
    ResponseEntity<String> oneAsText(@PathVariable String type) {
        Explanation problem = find(type);
        return answer(line(problem) + "What to do: " + problem.remedy() + "\n");
    }

    @GetMapping(path = "/problems/{type}", produces = MediaType.TEXT_HTML_VALUE)
    ResponseEntity<String> oneAsPage(@PathVariable String type) {
        Explanation problem = find(type);
        HttpStatus status = HttpStatus.valueOf(problem.status());
        return answer(page(
                problem.type(),
                "<p>" + status.value() + " " + status.getReasonPhrase() + "</p>\n<h2>When</h2>\n<p>"
                        + html(problem.when())
                        + "</p>\n<h2>What to do</h2>\n<p>" + html(problem.remedy())
                        + "</p>\n<p><a href=\"/problems\">All problems</a></p>\n"));
    }

    private static Explanation find(String type) {
        return ProblemTypes.of(type).orElseThrow(() -> new UnknownProblemException(type));
    }

    private static String uri(Explanation problem) {
        return "/problems/" + problem.type();
    }

    /** Records and texts alike have all that is answered in their string. The tag is weak, as the answer may be compressed. */
    private static <T> ResponseEntity<T> answer(T body) {
        String digest = DigestUtils.md5DigestAsHex(body.toString().getBytes(StandardCharsets.UTF_8));
        return ResponseEntity.ok()
                .eTag("W/\"" + digest + "\"")
                .varyBy(HttpHeaders.ACCEPT, HttpHeaders.ACCEPT_ENCODING)
                .header(HttpHeaders.CACHE_CONTROL, CACHING)
                .body(body);
    }

    /** Without a style sheet, which would need a key. */
    private static String page(String title, String content) {
        return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + title
                + " – Glimpse</title>\n<h1>" + title + "</h1>\n" + content + "</html>\n";
    }

    private static String html(String text) {
        return HtmlUtils.htmlEscape(text).replaceAll("`([^`]*)`", "<code>$1</code>");
    }
}
