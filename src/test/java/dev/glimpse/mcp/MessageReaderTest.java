package dev.glimpse.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MessageReaderTest {
    private static final DataSize LARGEST = DataSize.ofKilobytes(300);

    private final MessageReader reader = new MessageReader(LARGEST);

    private static InputStream body(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String upload(String data) {
        return "{\"id\": 7, \"params\": {\"arguments\": {\"caption\": \"é \\\"a\\\"\", \"data\": \"" + data
                + "\", \"tags\": [1.50]}}}";
    }

    private static byte[] picture(long size) {
        byte[] bytes = new byte[(int) size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static JsonNode json(Message message) {
        return JsonMapper.shared().readTree(message.json());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 10_000, 300 << 10})
    void pictureWaitsOnDiskAndAllElseStaysAsItWas(long size) throws IOException {
        byte[] picture = picture(size);

        try (Message message = reader.read(body(upload(Base64.getEncoder().encodeToString(picture))))) {
            assertThat(Objects.requireNonNull(message.picture())).hasBinaryContent(picture);
            assertThat(json(message)).isEqualTo(JsonMapper.shared().readTree(upload("")));
        }
    }

    @Test
    void closedMessageLeavesNothingOnDisk() throws IOException {
        Message message = reader.read(body(upload("AAAA")));
        Path picture = Objects.requireNonNull(message.picture());

        message.close();
        message.close();

        assertThat(picture).doesNotExist();
    }

    @Test
    void base64MayHaveLineFeedsAndNoPadding() throws IOException {
        try (Message message = reader.read(body(upload("AAEC\\nAwQ")))) {
            assertThat(Objects.requireNonNull(message.picture())).hasBinaryContent(new byte[] {0, 1, 2, 3, 4});
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"data\": \"AAAA\"}",
                "{\"params\": {\"data\": \"AAAA\"}}",
                "{\"params\": {\"arguments\": {\"data\": {\"data\": \"AAAA\"}}}}",
                "{\"params\": {\"arguments\": {\"data\": 5}}}",
                "{\"params\": {\"arguments\": {\"data\": null, \"b\": \"AAAA\"}}}",
                "[{\"params\": {\"arguments\": {\"data\": \"AAAA\"}}}]",
                "\"AAAA\""
            })
    void dataInAnotherPlaceIsNoPicture(String text) throws IOException {
        try (Message message = reader.read(body(text))) {
            assertThat(message.picture()).isNull();
            assertThat(json(message)).isEqualTo(JsonMapper.shared().readTree(text));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"data:image/png;base64,AAAA", "AA=A", "A", "%%%%", "AAAAA"})
    void textThatIsNoBase64IsRefusedWithTheIdOfItsMessage(String data) {
        assertThatThrownBy(() -> reader.read(body(upload(data))))
                .asInstanceOf(type(InvalidMessageException.class))
                .satisfies(invalid -> {
                    assertThat(invalid.code()).isEqualTo(ErrorCodes.INVALID_PARAMS);
                    assertThat(invalid.id()).isEqualTo(7);
                    assertThat(invalid).hasMessageContaining("base64");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\": ",
                "{\"a\": 1, \"a\": 2}",
                "{a: 1}",
                "<xml/>",
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x",
                "{\"id\":1,\"id\":2}"
            })
    void textThatIsNoJsonIsRefusedWithItsPlaceAndWithoutAnId(String text) {
        assertThatThrownBy(() -> reader.read(body(text)))
                .asInstanceOf(type(InvalidMessageException.class))
                .satisfies(invalid -> {
                    assertThat(invalid.code()).isEqualTo(ErrorCodes.PARSE_ERROR);
                    assertThat(invalid.id()).isNull();
                    assertThat(invalid).hasMessageMatching("the body is no JSON: [a-zA-Z ]+: line 1, column \\d+");
                });
    }

    @Test
    void halfACharacterIsRefused() {
        assertThatThrownBy(() -> reader.read(body("{\"id\": 1, \"params\": [\"a\\ud800\"]}")))
                .asInstanceOf(type(InvalidMessageException.class))
                .satisfies(invalid -> {
                    assertThat(invalid.code()).isEqualTo(ErrorCodes.PARSE_ERROR);
                    assertThat(invalid.id()).isNull();
                    assertThat(invalid).hasMessageContaining("half a character");
                });
    }

    @Test
    void pictureBeyondTheLimitIsRefused() {
        String data = Base64.getEncoder().encodeToString(picture(LARGEST.toBytes() + (80 << 10)));

        assertThatThrownBy(() -> reader.read(body(upload(data)))).isInstanceOf(MessageTooLargeException.class);
    }

    @Test
    void readerForCallersThatMayNotUploadHasRoomForTextAlone() throws IOException {
        MessageReader plain = new MessageReader(DataSize.ofBytes(0));

        try (Message message = plain.read(body("[\"" + "a".repeat(60 << 10) + "\"]"))) {
            assertThat(message.json()).hasSizeGreaterThan(60 << 10);
        }
        assertThatThrownBy(() -> plain.read(body(upload("AAAA".repeat(20_000)))))
                .isInstanceOf(MessageTooLargeException.class);
    }

    /** Each is far smaller than a picture may be. */
    @Test
    void textBesideThePictureHasABoundOfItsOwn() {
        String manyTokens = "[" + "1,".repeat(40_000) + "1]";
        String longText = "[\"" + "a".repeat(70 << 10) + "\"]";
        String deep = "[".repeat(40) + "]".repeat(40);

        for (String text : new String[] {manyTokens, longText, deep}) {
            assertThatThrownBy(() -> reader.read(body(text))).isInstanceOf(MessageTooLargeException.class);
        }
    }

    @Test
    void bodyThatStopsFailsAsItWasRead() {
        InputStream slow = new FilterInputStream(body("")) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                throw new SocketTimeoutException("too slow");
            }
        };

        assertThatThrownBy(() -> reader.read(slow)).isInstanceOf(SocketTimeoutException.class);
    }
}
