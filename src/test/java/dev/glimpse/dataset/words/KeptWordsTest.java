package dev.glimpse.dataset.words;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Notices when rows get other terms than they had: then the words that an earlier Glimpse has kept must not be taken over. */
class KeptWordsTest {
    @TempDir
    private Path folder;

    /** As after a checkpoint that could not be written, though words were. */
    @Test
    void rowsAreKnownWhoseWordsWereRemovedAfterTheyWereKept() throws IOException {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        try (WordIndex index = new WordIndex(folder)) {
            for (int row = 0; row < 3; row++) {
                index.put(row, new Picture("x", "x", null, null, null, null, null, null, null, List.of("tag")));
            }
            index.keep(new KeptOutput(kept));
            index.put(3, new Picture("x", "x", null, null, null, null, null, null, null, List.of("tag")));
            BitSet left = new BitSet();
            left.set(1, 4);
            index.retain(left);
            index.keep(new KeptOutput(new ByteArrayOutputStream()));
        }

        try (KeptInput from = new KeptInput(new ByteArrayInputStream(kept.toByteArray()), folder);
                WordIndex index = new WordIndex(from)) {
            assertThat(index.rowsRemovedSince().stream()).containsExactly(0);
        }
    }

    @Test
    void termsOfARowAreThoseOfTheNumberOfTheFormat() throws IOException {
        List<String> terms = new ArrayList<>();
        try (WordIndex index = new WordIndex(folder)) {
            index.put(
                    1,
                    new Picture(
                            "1",
                            "somewhere",
                            null,
                            null,
                            null,
                            null,
                            null,
                            "IMG_2041-front.jpg",
                            "Anna's boxes: Crème brûlée, 東京都, 자전거, велосипеды",
                            List.of("Übergröße", "two words")));
            index.refresh();
            try (WordReader reader = index.reader()) {
                TermsEnum each =
                        MultiTerms.getTerms(reader.index(), WordIndex.WORDS).iterator();
                for (BytesRef term = each.next(); term != null; term = each.next()) {
                    terms.add(term.utf8ToString());
                }
            }
        }

        assertThat(String.join(" ", terms))
                .as("raise Checkpoint.FORMAT, and put this here")
                .isEqualTo(
                        "2041 anna anna' anna's box boxes brulee creme front img jpg two ubergross ubergrosse word words велосипеды 京 京都 東 東京 都 거 자 자전 전 전거");
    }
}
