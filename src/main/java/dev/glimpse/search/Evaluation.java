package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.WordsUnavailableException;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.ParameterValues;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures how well searches agree with labels. Safe for use by several threads. */
final class Evaluation {
    /** A message names no more. */
    private static final int NAMED = 5;

    /** Ways to search, by the names that answers give them. */
    private static final List<Variant> VARIANTS = List.of(
            new Variant("search", text -> SearchRequest.of(text, RankingQuality.DEPTH, false, null)),
            new Variant("exact", text -> SearchRequest.of(text, RankingQuality.DEPTH, true, null)),
            new Variant("vector", text -> SearchRequest.of(text, RankingQuality.DEPTH, false, Mode.VECTOR)),
            new Variant("text", text -> SearchRequest.of(text, RankingQuality.DEPTH, false, Mode.TEXT)));

    private static final Logger log = LoggerFactory.getLogger(Evaluation.class);

    private final ImageSearch search;
    private final ImageDataset dataset;

    private record Variant(String name, Function<String, SearchRequest> request) {}

    Evaluation(ImageSearch search, ImageDataset dataset) {
        this.search = search;
        this.dataset = dataset;
    }

    /**
     * Searches for each query in each way, and with each other model that the table has vectors of, as far as this server has it.
     *
     * @param tickets gives one for each search, so that others who search take turns with this
     * @return the mean quality of each way, by its name; without that by words alone where words cannot be searched
     * @throws InvalidQueryException if a label names a picture or a caption that is not there; or if a text cannot be searched for, then with the place of its query
     */
    Map<String, RankingQuality> run(List<LabelledQuery> queries, Supplier<Ticket> tickets) {
        List<Set<String>> relevant = relevant(queries);
        Map<String, RankingQuality> qualities = new LinkedHashMap<>();
        List<Variant> variants = new ArrayList<>(VARIANTS);
        for (String model : search.otherModels()) {
            variants.add(new Variant(
                    "vector of " + model,
                    text -> SearchRequest.of(text, RankingQuality.DEPTH, false, Mode.VECTOR)
                            .of(model)));
        }
        for (Variant variant : variants) {
            try {
                List<RankingQuality> each = new ArrayList<>();
                for (int i = 0; i < queries.size(); i++) {
                    each.add(RankingQuality.of(ranking(variant, queries.get(i), i, tickets.get()), relevant.get(i)));
                }
                qualities.put(variant.name, RankingQuality.mean(each));
            } catch (WordsUnavailableException e) {
                log.info("the evaluation goes without the variant {}: {}", variant.name, e.getMessage());
            }
        }
        return qualities;
    }

    private List<String> ranking(Variant variant, LabelledQuery query, int place, Ticket ticket) {
        try {
            return search.search(variant.request.apply(query.text()), ticket).results().stream()
                    .map(hit -> hit.picture().id())
                    .toList();
        } catch (InvalidQueryException e) {
            throw new InvalidQueryException("queries[" + place + "]: " + e.getMessage());
        }
    }

    /** The ids of the relevant pictures of each query. */
    private List<Set<String>> relevant(List<LabelledQuery> queries) {
        Map<String, Set<String>> captioned = captioned(queries);
        Set<String> unknown = new LinkedHashSet<>();
        List<Set<String>> relevant = new ArrayList<>();
        for (LabelledQuery query : queries) {
            Set<String> ids = new HashSet<>(query.relevant());
            query.relevant().stream().filter(id -> !isThere(id)).forEach(unknown::add);
            for (String caption : query.captions()) {
                Set<String> found = captioned.getOrDefault(caption, Set.of());
                if (found.isEmpty()) {
                    unknown.add(caption);
                }
                ids.addAll(found);
            }
            relevant.add(ids);
        }
        if (!unknown.isEmpty()) {
            throw new InvalidQueryException("no picture has these ids or captions: "
                    + String.join(
                            ", ",
                            unknown.stream()
                                    .limit(NAMED)
                                    // An id is longer than what messages repeat of other values, and is told whole.
                                    .map(label ->
                                            ImageId.parse(label).isPresent() ? label : ParameterValues.shortened(label))
                                    .toList())
                    + (unknown.size() > NAMED ? ", and " + (unknown.size() - NAMED) + " more" : ""));
        }
        return relevant;
    }

    private boolean isThere(String id) {
        PictureState state = ImageId.parse(id).map(dataset::stateOf).orElse(PictureState.ABSENT);
        return state == PictureState.PENDING || state == PictureState.UNREAD || state == PictureState.COMMITTED;
    }

    /** The ids of the committed pictures that have a caption which a label names, by the caption. */
    private Map<String, Set<String>> captioned(List<LabelledQuery> queries) {
        Map<String, Set<String>> captioned = new HashMap<>();
        queries.forEach(query -> query.captions().forEach(caption -> captioned.put(caption, new HashSet<>())));
        if (!captioned.isEmpty()) {
            dataset.forEachRow((id, notes) -> {
                Set<String> ids = captioned.get(notes.caption());
                if (ids != null) {
                    ids.add(id.toString());
                }
            });
        }
        return captioned;
    }
}
