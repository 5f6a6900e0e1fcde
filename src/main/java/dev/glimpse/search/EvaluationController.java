package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.request.JsonBody;
import dev.glimpse.request.Tickets;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /eval}: how well searches agree with labels, as JSON for programs or as a table for people. */
@RestController
class EvaluationController {
    /** A thousand queries with some ten labels each. */
    private static final int MOST_JSON = 2 << 20;

    private final Evaluation evaluation;
    private final Tickets tickets;

    EvaluationController(Evaluation evaluation, Tickets tickets) {
        this.evaluation = evaluation;
        this.tickets = tickets;
    }

    /**
     * The answer.
     *
     * @param queries number of queries
     * @param variants the quality of each way to search
     */
    record Answer(int queries, List<Quality> variants) {}

    /** @param variant name of the way to search */
    record Quality(
            String variant,
            @JsonProperty("recall@1") double recallAt1,
            @JsonProperty("recall@5") double recallAt5,
            @JsonProperty("recall@10") double recallAt10,
            @JsonProperty("ndcg@10") double ndcgAt10,
            double mrr) {
        static Quality of(Map.Entry<String, RankingQuality> variant) {
            RankingQuality mean = variant.getValue();
            return new Quality(
                    variant.getKey(),
                    mean.recallAt1(),
                    mean.recallAt5(),
                    mean.recallAt10(),
                    mean.ndcgAt10(),
                    mean.mrr());
        }
    }

    @PostMapping(
            path = "/eval",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Answer> evaluate(InputStream body, HttpServletRequest request) throws IOException {
        return ResponseEntity.ok().varyBy(HttpHeaders.ACCEPT).body(answer(body, request));
    }

    @PostMapping(path = "/eval", consumes = MediaType.APPLICATION_JSON_VALUE, produces = MediaType.TEXT_PLAIN_VALUE)
    ResponseEntity<String> table(InputStream body, HttpServletRequest request) throws IOException {
        Answer answer = answer(body, request);
        int width = Math.max(
                10,
                1
                        + answer.variants.stream()
                                .mapToInt(each -> each.variant.length())
                                .max()
                                .orElse(0));
        StringBuilder table = new StringBuilder(String.format(
                "%-" + width + "s%10s%10s%10s%10s%10s%n", "", "recall@1", "recall@5", "recall@10", "nDCG@10", "MRR"));
        for (Quality each : answer.variants) {
            table.append(String.format(
                    Locale.ROOT,
                    "%-" + width + "s%10.3f%10.3f%10.3f%10.3f%10.3f%n",
                    each.variant,
                    each.recallAt1,
                    each.recallAt5,
                    each.recallAt10,
                    each.ndcgAt10,
                    each.mrr));
        }
        table.append(answer.queries).append(answer.queries == 1 ? " query\n" : " queries\n");
        return ResponseEntity.ok().varyBy(HttpHeaders.ACCEPT).body(table.toString());
    }

    private Answer answer(InputStream body, HttpServletRequest request) throws IOException {
        List<LabelledQuery> queries = LabelledQuery.parse(JsonBody.read(body, MOST_JSON));
        Map<String, RankingQuality> qualities = evaluation.run(queries, () -> tickets.of(Purpose.SEARCH, request));
        return new Answer(
                queries.size(), qualities.entrySet().stream().map(Quality::of).toList());
    }
}
