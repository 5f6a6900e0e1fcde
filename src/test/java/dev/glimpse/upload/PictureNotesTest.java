package dev.glimpse.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureNotesTest {
    private static final Instant TIME = Instant.parse("2026-11-23T08:00:00.123456Z");

    @Test
    void objectSaysAllThatItsUploaderSaid() {
        PictureNotes notes = new PictureNotes("äö 猫.png", "a caption", List.of("one", "two"));

        PictureNotes.Stored said = PictureNotes.fromMetadata(notes.toMetadata("server/1a", TIME));

        assertThat(said).isEqualTo(new PictureNotes.Stored("server/1a", TIME, notes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not base64!", "bm90IGpzb24", "W10", "eyJ1cGxvYWRlZEF0IjoieWVzdGVyZGF5In0"})
    void objectOfOtherSoftwareSaysNothing(String entry) {
        PictureNotes.Stored said = PictureNotes.fromMetadata(Map.of("glimpse", entry));

        assertThat(said).isEqualTo(new PictureNotes.Stored(null, null, new PictureNotes(null, null, List.of())));
        assertThat(PictureNotes.fromMetadata(Map.of())).isEqualTo(said);
    }

    @Test
    void longFileNameIsCutBetweenCharacters() {
        PictureNotes notes = new PictureNotes("folder/" + "x".repeat(198) + "猫猫.png", null, List.of());

        assertThat(notes.filename()).isEqualTo("x".repeat(198));
    }

    @Test
    void halfACharacterBecomesAQuestionMark() {
        PictureNotes notes = new PictureNotes("a\uD83D.png", "\uDC31", List.of("\uD83D"));

        assertThat(notes).isEqualTo(new PictureNotes("a?.png", "?", List.of("?")));
        assertThat(PictureNotes.fromMetadata(notes.toMetadata("server/1a", TIME))
                        .notes())
                .isEqualTo(notes);
    }

    @Test
    void notesOfAnyCharactersAreReadBackAsTheyWere() {
        long seed = 2026;
        System.out.println("seed " + seed);
        HostileNotes hostile = new HostileNotes(new Random(seed));

        for (int i = 0; i < 1_500; i++) {
            assertThat(hostile.next()).as("notes %d of seed %d", i, seed).isEmpty();
        }
    }

    @Test
    void notesThatDoNotFitIntoMetadataAreRefused() {
        PictureNotes notes = new PictureNotes(null, "x".repeat(1_600), List.of());

        assertThatThrownBy(() -> notes.toMetadata("server/1a", TIME)).isInstanceOf(NotesTooLongException.class);
    }
}
