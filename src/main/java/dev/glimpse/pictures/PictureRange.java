package dev.glimpse.pictures;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;

/**
 * The bytes of a picture that a request asks for by {@code Range} (RFC 9110, 14.2).
 *
 * @param start of the first byte, from 0 on
 * @param end behind the last byte
 */
record PictureRange(int start, int end) {
    private static final String UNIT = "bytes=";
    private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");
    private static final Pattern RANGE = Pattern.compile("(\\d*)-(\\d*)");
    private static final Pattern SIGNIFICANT = Pattern.compile("0*(\\d+)");

    /** With more digits a number is beyond every picture. */
    private static final int MOST_DIGITS = 18;

    /**
     * What is asked for. Empty if it is the whole: also with another method than GET, in another unit than bytes, if the client has the
     * beginning of something else, or for several ranges, which are not worth a form of their own.
     *
     * @param tag of the picture, with its quotes
     * @param size of the picture in bytes
     * @throws RangeNotSatisfiableException if the picture has none of the bytes, or the ranges make no sense
     */
    static Optional<PictureRange> of(HttpServletRequest request, String tag, int size) {
        String asked = request.getHeader(HttpHeaders.RANGE);
        String condition = request.getHeader(HttpHeaders.IF_RANGE);
        if (asked == null
                || !asked.startsWith(UNIT)
                || !request.getMethod().equals("GET")
                || (condition != null && !condition.equals(tag))) {
            return Optional.empty();
        }
        List<PictureRange> there = COMMA.splitAsStream(
                        asked.substring(UNIT.length()).strip())
                .flatMap(range -> of(range, size).stream())
                .toList();
        if (there.isEmpty()) {
            throw new RangeNotSatisfiableException(asked, size);
        }
        return there.size() == 1 ? Optional.of(there.get(0)) : Optional.empty();
    }

    /** Empty if the picture has none of the bytes, or this is no range. */
    private static Optional<PictureRange> of(String text, int size) {
        Matcher range = RANGE.matcher(text);
        if (!range.matches() || text.equals("-")) {
            return Optional.empty();
        }
        boolean isSuffix = range.group(1).isEmpty();
        long start = isSuffix ? Math.max(0, size - number(range.group(2))) : number(range.group(1));
        long last = isSuffix || range.group(2).isEmpty() ? size - 1L : number(range.group(2));
        return start >= size || last < start
                ? Optional.empty()
                : Optional.of(new PictureRange((int) start, (int) Math.min(size, last + 1)));
    }

    private static long number(String digits) {
        Matcher significant = SIGNIFICANT.matcher(digits);
        return significant.matches() && significant.group(1).length() <= MOST_DIGITS
                ? Long.parseLong(significant.group(1))
                : Integer.MAX_VALUE;
    }

    /** The header {@code Content-Range}. */
    String contentRange(int size) {
        return "bytes " + start + "-" + (end - 1) + "/" + size;
    }
}
