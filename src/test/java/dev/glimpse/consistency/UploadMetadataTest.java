package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.HostileMetadata;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UploadMetadataTest {
    private static final Instant TIME = Instant.parse("2026-11-23T08:00:00.123456Z");

    @Test
    void objectSaysAllThatItsUploaderSaid() {
        UploadMetadata notes = new UploadMetadata("äö 猫.png", "a caption", List.of("one", "two"));

        UploadMetadata.Stored said = UploadMetadata.fromMetadata(notes.toMetadata("server/1a", TIME));

        assertThat(said).isEqualTo(new UploadMetadata.Stored("server/1a", TIME, notes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not base64!", "bm90IGpzb24", "W10", "eyJ1cGxvYWRlZEF0IjoieWVzdGVyZGF5In0"})
    void objectOfOtherSoftwareSaysNothing(String entry) {
        UploadMetadata.Stored said = UploadMetadata.fromMetadata(Map.of("glimpse", entry));

        assertThat(said).isEqualTo(new UploadMetadata.Stored(null, null, new UploadMetadata(null, null, List.of())));
        assertThat(UploadMetadata.fromMetadata(Map.of())).isEqualTo(said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "é", "猫", "🐈"})
    void fileNameOf255CharactersOfAnyScriptIsKeptWhole(String character) {
        String name = character.repeat(251) + ".png";

        UploadMetadata notes = new UploadMetadata(name, "a caption", List.of("tag")).fitted();

        assertThat(notes.filename()).isEqualTo(name);
        assertThat(UploadMetadata.fromMetadata(notes.toMetadata("server/1a", TIME))
                        .notes())
                .isEqualTo(notes);
    }

    @Test
    void longerFileNameIsCutBeforeItsExtension() {
        assertThat(new UploadMetadata("dir/" + "🐈".repeat(400) + ".jpeg", null, List.of()).filename())
                .isEqualTo("🐈".repeat(250) + ".jpeg");
        assertThat(new UploadMetadata("x".repeat(300), null, List.of()).filename())
                .isEqualTo("x".repeat(255));
        assertThat(new UploadMetadata("a." + "x".repeat(300), null, List.of()).filename())
                .isEqualTo("a." + "x".repeat(253));
    }

    @Test
    void fileNameGivesWayToCaptionAndTagsDownTo200Bytes() {
        UploadMetadata notes = new UploadMetadata("🐈".repeat(251) + ".png", "x".repeat(1_000), List.of("tag"));

        UploadMetadata fitted = notes.fitted();

        assertThat(fitted.caption()).isEqualTo(notes.caption());
        assertThat(fitted.tags()).isEqualTo(notes.tags());
        assertThat(fitted.filename()).matches("🐈{90,95}\\.png");
        assertThat(fitted.fitted()).isEqualTo(fitted);
        assertThat(fitted.toMetadata("server/1a", TIME)).isNotEmpty();
        assertThat(new UploadMetadata("🐈".repeat(251) + ".png", "x".repeat(1_180), List.of())
                        .fitted()
                        .filename())
                .isEqualTo("🐈".repeat(49) + ".png");
    }

    @ParameterizedTest
    @CsvSource({
        "x, 3100, 'the caption has 3,100 characters; at most 1,375 of these fit'",
        "猫, 700, the caption has 700 characters; at most 458 of these fit",
        "🐈, 700, the caption has 700 characters; at most 343 of these fit"
    })
    void captionThatDoesNotFitIsToldInItsCharacters(String character, int count, String message) {
        UploadMetadata notes = new UploadMetadata("a.png", character.repeat(count), List.of());

        assertThatThrownBy(notes::fitted)
                .isInstanceOf(MetadataTooLongException.class)
                .hasMessage(message);
    }

    @Test
    void captionThatFitsAsToldFitsAndOneCharacterMoreDoesNot() {
        assertThat(new UploadMetadata("a.png", "x".repeat(1_375), List.of())
                        .fitted()
                        .toMetadata("server/1a", TIME))
                .isNotEmpty();
        assertThatThrownBy(() -> new UploadMetadata("a.png", "x".repeat(1_376), List.of()).fitted())
                .isInstanceOf(MetadataTooLongException.class);
    }

    @Test
    void tagsThatDoNotFitAreToldByTheirNumber() {
        UploadMetadata many = new UploadMetadata(null, "a caption", Collections.nCopies(500, "tag"));
        UploadMetadata one = new UploadMetadata(null, null, List.of("x".repeat(2_000)));
        UploadMetadata both = new UploadMetadata(null, "y".repeat(800), List.of("x".repeat(800)));

        assertThatThrownBy(many::fitted)
                .hasMessage("there are 500 tags with 1,500 characters in all; the first 230 tags fit");
        assertThatThrownBy(one::fitted).hasMessage("a tag has 2,000 characters; at most 1,378 of these fit");
        assertThatThrownBy(both::fitted)
                .hasMessage("the caption has 800 characters; at most 578 of these fit beside the tags");
    }

    @Test
    void halfACharacterBecomesAQuestionMark() {
        UploadMetadata notes = new UploadMetadata("a\uD83D.png", "\uDC31", List.of("\uD83D"));

        assertThat(notes).isEqualTo(new UploadMetadata("a?.png", "?", List.of("?")));
        assertThat(UploadMetadata.fromMetadata(notes.toMetadata("server/1a", TIME))
                        .notes())
                .isEqualTo(notes);
    }

    @Test
    void notesOfAnyCharactersAreReadBackAsTheyWere() {
        long seed = 2026;
        System.out.println("seed " + seed);
        HostileMetadata hostile = new HostileMetadata(new Random(seed));

        for (int i = 0; i < 1_500; i++) {
            assertThat(hostile.next()).as("notes %d of seed %d", i, seed).isEmpty();
        }
    }

    @Test
    void notesThatDoNotFitIntoMetadataAreRefused() {
        UploadMetadata notes = new UploadMetadata(null, "x".repeat(1_600), List.of());

        assertThatThrownBy(() -> notes.toMetadata("server/1a", TIME)).isInstanceOf(MetadataTooLongException.class);
    }
}
