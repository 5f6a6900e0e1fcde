package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.HostileMetadata;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

    @Test
    void longFileNameIsCutBetweenCharacters() {
        UploadMetadata notes = new UploadMetadata("folder/" + "x".repeat(198) + "猫猫.png", null, List.of());

        assertThat(notes.filename()).isEqualTo("x".repeat(198));
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
