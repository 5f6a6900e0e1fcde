package dev.glimpse.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.image.ThumbnailFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.MediaType;
import org.springframework.web.HttpMediaTypeNotAcceptableException;

/** On this machine the WebP encoder works. */
class AcceptedTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*/* | JPEG",
                "image/* | JPEG",
                "image/webp | WEBP",
                "image/webp;q=0.1 | WEBP",
                "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8 | WEBP",
                "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5 | WEBP",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 | JPEG",
                "image/webp;q=0,*/* | JPEG",
                "image/jpeg,image/webp;q=0.5 | JPEG",
                "image/jpeg;q=0.5,image/webp;q=0.5 | WEBP",
                "image/jpeg;q=0,image/* | WEBP",
                "text/html;q=0.5,image/jpeg;q=0.1 | JPEG"
            })
    void bestFormatIsWebpForWhoNamesItAndJpegForAllOthers(String accept, ThumbnailFormat best) throws Exception {
        assertThat(Accepted.of(List.of(accept)).thumbnail()).isEqualTo(best);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "application/json | true",
                "application/json,*/*;q=0.1 | true",
                "application/json,image/png;q=0.9 | true",
                "application/*,image/*;q=0.5 | true",
                "*/* | false",
                "application/json,text/plain,*/* | false",
                "image/*,application/json;q=0.5 | false",
                "image/png,application/json;q=0.5 | false",
                "application/json;q=0,*/* | false",
                "text/html | false"
            })
    void jsonIsPreferredByWhoLikesItBetterThanThePicture(String accept, boolean preferred) throws Exception {
        assertThat(Accepted.of(List.of(accept)).prefersJsonTo(MediaType.IMAGE_PNG))
                .isEqualTo(preferred);
    }

    @Test
    void withoutTheHeaderEverythingIsAccepted() throws Exception {
        assertThat(Accepted.of(List.of()).thumbnail()).isEqualTo(ThumbnailFormat.JPEG);
    }

    @Test
    void severalLinesAreOneList() throws Exception {
        assertThat(Accepted.of(List.of("image/png", "image/webp")).thumbnail()).isEqualTo(ThumbnailFormat.WEBP);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "image/png", "image/*;q=0", "image/jpeg;q=0,image/webp;q=0,*/*", "image"})
    void whoTakesNeitherGetsNone(String accept) {
        assertThatThrownBy(() -> Accepted.of(List.of(accept)).thumbnail())
                .isInstanceOf(HttpMediaTypeNotAcceptableException.class);
    }
}
