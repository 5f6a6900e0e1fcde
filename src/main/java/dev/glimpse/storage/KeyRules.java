package dev.glimpse.storage;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Map;
import java.util.regex.Pattern;

/** What a key and its metadata may be, so that every store can keep them and none can be led astray. */
final class KeyRules {
    /** The order of the keys' UTF-8 bytes. Java's own differs from it beyond U+FFFF, where a char is a surrogate. */
    static final Comparator<String> BYTE_ORDER = KeyRules::compare;

    /** S3's limits, and that of a file name on every common file system. */
    private static final int MAX_KEY_BYTES = 1024;

    private static final int MAX_SEGMENT_BYTES = 255;
    private static final int MAX_METADATA_CHARACTERS = 2048;

    private static final Pattern METADATA_NAME = Pattern.compile("[a-z0-9-]+");
    private static final Pattern METADATA_VALUE = Pattern.compile("[!-~]([ -~]*[!-~])?");

    private KeyRules() {}

    /** @throws IllegalArgumentException if the key is not a relative path that stays below its root */
    static void requireKey(String key) {
        if (!isKey(key)) {
            throw new IllegalArgumentException("not an object key: " + key);
        }
    }

    /** @throws IllegalArgumentException if no key begins so */
    static void requirePrefix(String prefix) {
        String path = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
        if (!prefix.isEmpty() && !isKey(path)) {
            throw new IllegalArgumentException("not a prefix of object keys: " + prefix);
        }
    }

    /** @throws IllegalArgumentException if a name or value cannot travel as an HTTP header, or all are too long */
    static void requireMetadata(Map<String, String> metadata) {
        int characters = 0;
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            characters += entry.getKey().length() + entry.getValue().length();
            if (!METADATA_NAME.matcher(entry.getKey()).matches()
                    || !METADATA_VALUE.matcher(entry.getValue()).matches()) {
                throw new IllegalArgumentException("not metadata of an object: " + entry);
            }
        }
        if (characters > MAX_METADATA_CHARACTERS) {
            throw new IllegalArgumentException(
                    "metadata of " + characters + " characters, more than " + MAX_METADATA_CHARACTERS);
        }
    }

    static boolean isKey(String key) {
        if (key.chars().anyMatch(c -> c == '\\' || Character.isISOControl(c))
                || !StandardCharsets.UTF_8.newEncoder().canEncode(key)
                || bytes(key) > MAX_KEY_BYTES) {
            return false;
        }
        for (String segment : key.split("/", -1)) {
            if (segment.isEmpty()
                    || segment.equals(".")
                    || segment.equals("..")
                    || bytes(segment) > MAX_SEGMENT_BYTES) {
                return false;
            }
        }
        return true;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static int compare(String one, String other) {
        int common = Math.min(one.length(), other.length());
        for (int i = 0; i < common; i++) {
            char a = one.charAt(i);
            char b = other.charAt(i);
            if (a != b) {
                boolean beyond = Character.isSurrogate(a);
                return beyond == Character.isSurrogate(b) ? a - b : beyond ? 1 : -1;
            }
        }
        return one.length() - other.length();
    }
}
