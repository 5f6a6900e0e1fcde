package dev.glimpse.search;

import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowFilter.AllTags;
import dev.glimpse.dataset.RowFilter.AnyTag;
import dev.glimpse.dataset.RowFilter.Bytes;
import dev.glimpse.dataset.RowFilter.Caption;
import dev.glimpse.dataset.RowFilter.Condition;
import dev.glimpse.dataset.RowFilter.Filename;
import dev.glimpse.dataset.RowFilter.Format;
import dev.glimpse.dataset.RowFilter.Height;
import dev.glimpse.dataset.RowFilter.Orientation;
import dev.glimpse.dataset.RowFilter.Range;
import dev.glimpse.dataset.RowFilter.Shape;
import dev.glimpse.dataset.RowFilter.Taken;
import dev.glimpse.dataset.RowFilter.Text;
import dev.glimpse.dataset.RowFilter.Uploaded;
import dev.glimpse.dataset.RowFilter.Width;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.ParameterValues;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads which rows a search may find. */
final class Filters {
    private static final int MOST_VALUES = 100;
    private static final int MOST_CHARACTERS = 1000;

    private static final Map<String, ImageFormat> TYPES = new LinkedHashMap<>();
    private static final Map<String, Orientation> ORIENTATIONS = new LinkedHashMap<>();

    static {
        for (ImageFormat format : ImageFormat.values()) {
            TYPES.put(format.extension(), format);
        }
        for (Orientation orientation : Orientation.values()) {
            ORIENTATIONS.put(orientation.toString(), orientation);
        }
    }

    private final ParameterValues values;
    private final List<Condition> conditions = new ArrayList<>();

    private Filters(ParameterValues values) {
        this.values = values;
    }

    /** @throws InvalidQueryException if a parameter is not what it has to be */
    static RowFilter of(ParameterValues values) {
        Filters filters = new Filters(values);
        filters.oneOf(SearchParameter.TYPE, TYPES, Format::new);
        filters.oneOf(SearchParameter.ORIENTATION, ORIENTATIONS, Shape::new);
        filters.range(SearchParameter.MIN_WIDTH, SearchParameter.MAX_WIDTH, Width::new);
        filters.range(SearchParameter.MIN_HEIGHT, SearchParameter.MAX_HEIGHT, Height::new);
        filters.range(SearchParameter.MIN_BYTES, SearchParameter.MAX_BYTES, Bytes::new);
        filters.times(SearchParameter.UPLOADED_AFTER, SearchParameter.UPLOADED_BEFORE, Uploaded::between);
        filters.times(SearchParameter.TAKEN_AFTER, SearchParameter.TAKEN_BEFORE, Taken::between);
        filters.tags(SearchParameter.TAG, AllTags::new);
        filters.tags(SearchParameter.ANY_TAG, AnyTag::new);
        filters.text(SearchParameter.FILENAME, SearchParameter.FILENAME_PREFIX, Filename::new);
        filters.text(SearchParameter.CAPTION, SearchParameter.CAPTION_PREFIX, Caption::new);
        return new RowFilter(filters.conditions);
    }

    private <T> void oneOf(SearchParameter parameter, Map<String, T> known, Function<Set<T>, Condition> condition) {
        Set<T> wanted = new HashSet<>();
        for (String value : few(parameter)) {
            T meant = known.get(value);
            if (meant == null) {
                throw new InvalidQueryException(parameter.parameterName() + " must be one of "
                        + String.join(", ", known.keySet()) + ": " + ParameterValues.shortened(value));
            }
            wanted.add(meant);
        }
        if (!wanted.isEmpty()) {
            conditions.add(condition.apply(wanted));
        }
    }

    private void range(SearchParameter least, SearchParameter most, Function<Range, Condition> condition) {
        Long min = values.wholeNumber(least);
        Long max = values.wholeNumber(most);
        if (min != null && max != null && min > max) {
            throw new InvalidQueryException(
                    least.parameterName() + " is larger than " + most.parameterName() + ": " + min + " and " + max);
        }
        if (min != null || max != null) {
            conditions.add(condition.apply(Range.of(min, max)));
        }
    }

    private interface Times {
        Condition between(@Nullable Instant from, @Nullable Instant before);
    }

    private void times(SearchParameter first, SearchParameter end, Times condition) {
        Instant from = values.time(first);
        Instant before = values.time(end);
        if (from != null && before != null && from.isAfter(before)) {
            throw new InvalidQueryException(
                    first.parameterName() + " is later than " + end.parameterName() + ": " + from + " and " + before);
        }
        if (from != null || before != null) {
            conditions.add(condition.between(from, before));
        }
    }

    private void tags(SearchParameter parameter, Function<Set<String>, Condition> condition) {
        List<String> tags = few(parameter);
        if (!tags.isEmpty()) {
            conditions.add(condition.apply(Set.copyOf(tags)));
        }
    }

    private void text(SearchParameter contains, SearchParameter prefix, Function<Text, Condition> condition) {
        letters(contains).forEach(part -> conditions.add(condition.apply(Text.containing(part))));
        letters(prefix).forEach(part -> conditions.add(condition.apply(Text.beginningWith(part))));
    }

    /** All values, each of which has something that is compared: every text contains nothing at all. */
    private List<String> letters(SearchParameter parameter) {
        List<String> all = few(parameter);
        if (all.stream().map(Text::fold).anyMatch(String::isBlank)) {
            throw new InvalidQueryException(parameter.parameterName()
                    + " has accents alone, and these do not count: give it a letter, a digit or a sign as well");
        }
        return all;
    }

    /** All values, none of which is empty or endless. */
    private List<String> few(SearchParameter parameter) {
        List<String> all = values.all(parameter);
        if (all.size() > MOST_VALUES) {
            throw new InvalidQueryException(parameter.parameterName() + " is there " + all.size() + " times; at most "
                    + MOST_VALUES + " are taken");
        }
        for (String value : all) {
            if (value.isBlank() || value.length() > MOST_CHARACTERS) {
                throw new InvalidQueryException(
                        parameter.parameterName() + " must have 1 to " + MOST_CHARACTERS + " characters");
            }
        }
        return all;
    }
}
