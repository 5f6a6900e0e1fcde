package dev.glimpse.move;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What one part of a store has, and what another store has of it, as listings tell. Objects of the same key and size are taken for the same.
 *
 * @param missing objects that the other store lacks
 * @param differing objects that the other store has in another size
 * @param common keys that both have
 * @param extra keys that the other store alone has
 */
record Difference(List<Listed> missing, List<Listed> differing, List<String> common, List<String> extra) {
    Difference {
        missing = List.copyOf(missing);
        differing = List.copyOf(differing);
        common = List.copyOf(common);
        extra = List.copyOf(extra);
    }

    /** Lists both stores: one class A request for each thousand keys of each. */
    static Difference of(ObjectStore from, ObjectStore to, Part part) {
        Map<String, Listed> wanted = listed(from, part);
        Map<String, Listed> there = listed(to, part);
        List<Listed> missing = new ArrayList<>();
        List<Listed> differing = new ArrayList<>();
        List<String> common = new ArrayList<>();
        for (Listed object : wanted.values()) {
            Listed other = there.remove(object.key());
            if (other == null) {
                missing.add(object);
            } else if (other.bytes() != object.bytes()) {
                differing.add(object);
            } else {
                common.add(object.key());
            }
        }
        return new Difference(missing, differing, common, List.copyOf(there.keySet()));
    }

    /** Manifests of the table first: so all files of those that are listed are listed, too. What is none of ours is left out. */
    private static Map<String, Listed> listed(ObjectStore store, Part part) {
        Map<String, Listed> objects = new TreeMap<>();
        if (part == Part.TABLE) {
            store.list(Part.MANIFESTS, object -> objects.put(object.key(), object));
        }
        store.list(part.prefix(), object -> {
            if (part.has(object.key())) {
                objects.putIfAbsent(object.key(), object);
            }
        });
        return objects;
    }

    /** All that has to be copied. */
    List<Listed> toCopy() {
        return Stream.concat(missing.stream(), differing.stream()).toList();
    }

    /** The bytes of all that has to be copied. */
    long bytes() {
        return toCopy().stream().mapToLong(Listed::bytes).sum();
    }
}
