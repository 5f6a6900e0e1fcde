package dev.glimpse.dataset.replica;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How Lance names the manifest of a version. In its V2 scheme the name is 2^64-1-version in 20 digits, so that the
 * newest sorts first and the name of the next version is known beforehand; in V1, which old tables have, the name is
 * the version itself.
 */
public final class ManifestName {
    private static final Pattern V2 = Pattern.compile("(\\d{20})\\.manifest");
    private static final Pattern V1 = Pattern.compile("(\\d{1,19})\\.manifest");

    private ManifestName() {}

    public static String of(long version) {
        return String.format("%20s.manifest", Long.toUnsignedString(-1L - version))
                .replace(' ', '0');
    }

    /** Empty for files that are no manifests. */
    public static Optional<Long> version(String fileName) {
        Matcher v2 = V2.matcher(fileName);
        if (v2.matches()) {
            return Optional.of(-1L - Long.parseUnsignedLong(v2.group(1)));
        }
        Matcher v1 = V1.matcher(fileName);
        return v1.matches() ? Optional.of(Long.parseLong(v1.group(1))) : Optional.empty();
    }

    /** The manifest of the highest version among these files; empty if none is a manifest. */
    static Optional<String> newest(List<String> fileNames) {
        return fileNames.stream()
                .filter(name -> version(name).isPresent())
                .max(Comparator.comparing(name -> version(name).orElseThrow()));
    }
}
