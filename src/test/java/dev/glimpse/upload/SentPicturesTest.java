package dev.glimpse.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.MediaType;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockPart;
import org.springframework.util.unit.DataSize;
import org.springframework.web.HttpMediaTypeNotSupportedException;

class SentPicturesTest {
    private static final DataSize LIMIT = DataSize.ofKilobytes(1);
    private static final byte[] PICTURE = {1, 2, 3};

    private static MockHttpServletRequest request(@Nullable String type) {
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/upload");
        request.setContentType(type);
        return request;
    }

    private static MockHttpServletRequest form(MockPart... parts) {
        MockHttpServletRequest request = request(MediaType.MULTIPART_FORM_DATA_VALUE);
        for (MockPart part : parts) {
            request.addPart(part);
        }
        return request;
    }

    private static MockPart picture() {
        return new MockPart("file", "a.png", PICTURE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/json", "multipart/mixed", "nonsense"})
    void bodyOfAnotherTypeIsNotTaken(String type) {
        assertThatThrownBy(() -> SentPictures.none(request(type)))
                .isInstanceOf(HttpMediaTypeNotSupportedException.class);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"application/x-www-form-urlencoded", "multipart/form-data"})
    void requestWithoutABodyOfAnotherTypeHasNoFile(@Nullable String type) throws HttpMediaTypeNotSupportedException {
        assertThat(SentPictures.none(request(type))).hasMessageStartingWith("the request has no part called file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "files", "file[]"})
    void pictureIsNoParameterOfTheQuery(String name) {
        MockHttpServletRequest form = form(picture());
        MockHttpServletRequest body = request("image/png");
        for (MockHttpServletRequest request : new MockHttpServletRequest[] {form, body}) {
            request.addParameter(name, "x");

            assertThatThrownBy(() -> SentPictures.of(request, LIMIT))
                    .isInstanceOf(EmptyFileException.class)
                    .hasMessageStartingWith("the parameter " + name + " is text and no picture");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            attachment; filename="
            attachment; filename*=bogus''a
            attachment; filename*=UTF-8''%
            filename
            ;
            """)
    void nameThatCannotBeReadIsLeftOut(String disposition) {
        assertThat(SentPictures.filename(disposition)).isNull();
    }

    @Property(tries = 20_000)
    void anyHeaderHasANameOrNone(@ForAll("dispositions") String disposition) {
        String name = SentPictures.filename(disposition);

        assertThat(name == null || name.length() <= disposition.length()).isTrue();
    }

    @Provide
    Arbitrary<String> dispositions() {
        return Arbitraries.of(
                        "attachment",
                        ";",
                        " ",
                        "filename",
                        "*",
                        "=",
                        "\"",
                        "\\",
                        "UTF-8''",
                        "=?UTF-8?B?YQ==?=",
                        "=?",
                        "?=",
                        "%",
                        "4",
                        "x",
                        "name",
                        "size=9",
                        "creation-date=\"",
                        "\u00e9",
                        "?Q?")
                .list()
                .ofMaxSize(12)
                .map(parts -> "attachment; filename" + String.join("", parts));
    }
}
