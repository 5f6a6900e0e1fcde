package dev.glimpse.testing;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Listings by the rules of S3's directory buckets, as the Amazon S3 User Guide has them under "Differences for directory buckets": objects
 * come in no order, and a prefix must end with a slash. The guide does not say how another prefix is refused.
 */
final class DirectoryListing {
    private final int most;

    /** @param most keys of a page */
    DirectoryListing(int most) {
        this.most = most;
    }

    record Page(int status, String xml) {}

    /**
     * @param parameters of the request
     * @param objects all below the prefix
     */
    Page page(String prefix, Map<String, String> parameters, List<S3Object> objects) {
        if (!prefix.isEmpty() && !prefix.endsWith("/")) {
            return refused("only prefixes that end in a delimiter are supported");
        }
        if (parameters.containsKey("start-after") || parameters.containsKey("delimiter")) {
            return refused("the test bucket does not know start-after and delimiter here");
        }
        int size = Math.min(most, Integer.parseInt(parameters.getOrDefault("max-keys", "1000")));
        String after = parameters.getOrDefault("continuation-token", "");
        List<S3Object> rest = objects.stream()
                .filter(object -> order(object.key()).compareTo(after) > 0)
                .sorted(Comparator.comparing(object -> order(object.key())))
                .toList();
        List<S3Object> page = rest.subList(0, Math.min(size, rest.size()));
        boolean more = page.size() < rest.size();
        return new Page(
                200, ListingXml.of(page, more ? order(page.get(page.size() - 1).key()) : null));
    }

    private static Page refused(String why) {
        return new Page(400, "<Error><Code>InvalidRequest</Code><Message>" + why + "</Message></Error>");
    }

    /** Where the key comes: always at the same place among the others, which has nothing to do with its letters. */
    private static String order(String key) {
        return "%08x %s".formatted(key.hashCode() * 0x9E3779B9, key);
    }
}
