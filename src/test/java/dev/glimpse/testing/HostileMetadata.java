package dev.glimpse.testing;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.image.ImageId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Makes up file names, captions, tags and ids of every kind of character, and holds {@link UploadMetadata} and {@link ImageId}
 * to what they promise. For one thread.
 */
public final class HostileMetadata {
    private static final Instant TIME = Instant.parse("2026-11-23T08:00:00.123456Z");

    private final HostileText text;
    private final Random random;
    private String last = "";

    public HostileMetadata(Random random) {
        this.random = random;
        this.text = new HostileText(random);
    }

    /** Tries one more; names the promise that it breaks. */
    public Optional<String> next() {
        String filename = text.next();
        String caption = text.next();
        List<String> tags =
                IntStream.range(0, random.nextInt(4)).mapToObj(i -> text.next()).toList();
        last = String.join("\n", filename, caption, tags.toString());
        try {
            readWhatOthersWrote(caption);
            return brokenBy(new UploadMetadata(
                            random.nextInt(8) == 0 ? null : filename, random.nextInt(8) == 0 ? null : caption, tags))
                    .or(() -> brokenById(filename));
        } catch (RuntimeException e) {
            return Optional.of("not named: " + e);
        }
    }

    /** What was tried, to be kept. */
    public byte[] last() {
        return last.getBytes(StandardCharsets.UTF_16);
    }

    private static Optional<String> brokenBy(UploadMetadata notes) {
        String filename = notes.filename();
        if (filename != null && filename.codePointCount(0, filename.length()) > 255) {
            return Optional.of("the file name is longer than 255 characters");
        }
        UploadMetadata fitted;
        try {
            fitted = notes.fitted();
        } catch (MetadataTooLongException e) {
            return Optional.empty();
        }
        Map<String, String> metadata = fitted.toMetadata("012345678901/zzzzzzzzzz", TIME);
        if (metadata.values().stream().anyMatch(value -> !value.matches("[A-Za-z0-9_-]{1,2000}"))) {
            return Optional.of("not what may be in a header: " + metadata);
        }
        return new UploadMetadata.Stored("012345678901/zzzzzzzzzz", TIME, fitted)
                        .equals(UploadMetadata.fromMetadata(metadata))
                ? Optional.empty()
                : Optional.of("read back as other notes");
    }

    /** What other software has written is read as nothing, or as notes like any. */
    private void readWhatOthersWrote(String text) {
        String json = random.nextBoolean() ? "{\"filename\":" + text + "}" : text;
        String entry = random.nextInt(4) == 0
                ? text
                : Base64.getUrlEncoder().encodeToString(json.getBytes(StandardCharsets.UTF_8));
        UploadMetadata.fromMetadata(Map.of("glimpse", entry));
    }

    private Optional<String> brokenById(String name) {
        String given = random.nextBoolean()
                ? name
                : "images/" + "0".repeat(60 + random.nextInt(6)) + "." + (random.nextBoolean() ? "png" : name);
        return ImageId.parse(given).filter(id -> !id.toString().equals(given)).map(id -> given + " is read as " + id);
    }
}
