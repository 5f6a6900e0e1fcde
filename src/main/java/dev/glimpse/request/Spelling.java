package dev.glimpse.request;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Tells which known word was probably meant by another one. Case does not count. */
public final class Spelling {
    /** Longer words are near to none: a client may send any, and comparing takes the product of both lengths. */
    private static final int MOST_CHARACTERS = 64;

    private Spelling() {}

    /** The known word with the fewest differences, if they are so few that it may be meant. */
    public static Optional<String> nearest(String word, Collection<String> known) {
        return known.stream()
                .filter(each -> isNear(word, each))
                .min(Comparator.comparingInt(each -> differences(word, each)));
    }

    /** Whether a third of the known word's letters differ at most, or one. */
    public static boolean isNear(String word, String known) {
        return word.length() <= MOST_CHARACTERS && differences(word, known) <= Math.max(1, known.length() / 3);
    }

    /** How many letters have to be inserted, removed, replaced or swapped with the next one to make one word of the other. */
    public static int differences(String one, String other) {
        String a = one.toLowerCase(Locale.ROOT);
        String b = other.toLowerCase(Locale.ROOT);
        int[][] between = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                between[i][j] = i == 0 || j == 0 ? i + j : least(a, b, i, j, between);
            }
        }
        return between[a.length()][b.length()];
    }

    private static int least(String a, String b, int i, int j, int[][] between) {
        int replaced = between[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int least = Math.min(replaced, 1 + Math.min(between[i - 1][j], between[i][j - 1]));
        boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(least, 1 + between[i - 2][j - 2]) : least;
    }
}
