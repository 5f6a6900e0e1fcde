package dev.glimpse.mcp;

import dev.glimpse.request.JsonProblem;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;
import tools.jackson.core.Base64Variant;
import tools.jackson.core.Base64Variants;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonPointer;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads messages. The text at {@code params.arguments.data} is a picture in base64. It is decoded to the disk while it arrives, because a
 * client that sends slowly would hold memory that others need. Safe for use by several threads.
 */
final class MessageReader {
    /** Characters of a message besides its picture: more than all arguments that a tool takes. */
    static final int MOST_TEXT = 64 << 10;

    static final int DEEPEST = 32;

    private static final JsonPointer PICTURE = JsonPointer.compile("/params/arguments/data");
    private static final JsonPointer ID = JsonPointer.compile("/id");

    /** Programs that write base64 for URLs leave the padding out. */
    private static final Base64Variant BASE64 = Base64Variants.MIME_NO_LINEFEEDS.withPaddingAllowed();

    private final JsonFactory json;

    /** @param largestPicture in a message, in bytes before base64; zero if there may be none */
    MessageReader(DataSize largestPicture) {
        StreamReadConstraints bounds = StreamReadConstraints.builder()
                .maxDocumentLength(MOST_TEXT + (largestPicture.toBytes() + 2) / 3 * 4)
                .maxStringLength(MOST_TEXT)
                .maxNestingDepth(DEEPEST)
                .build();
        this.json = JsonFactory.builder()
                .streamReadConstraints(bounds)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
    }

    /**
     * Reads a message to its end.
     *
     * @throws MessageTooLargeException if it has too many bytes or levels
     * @throws InvalidMessageException if it is no JSON, then without an id, or the picture no base64
     * @throws IOException if it cannot be read, or the picture cannot be kept
     */
    Message read(InputStream body) throws IOException {
        Copy copy = new Copy();
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), body);
                JsonGenerator text = json.createGenerator(ObjectWriteContext.empty(), copy.text)) {
            while (parser.nextToken() != null) {
                copy.take(parser, text);
            }
            copy.complete = true;
        } catch (StreamConstraintsException e) {
            throw new MessageTooLargeException();
        } catch (StreamReadException e) {
            throw new InvalidMessageException(
                    ErrorCodes.PARSE_ERROR, "the body is no JSON: " + JsonProblem.of(e), null);
        } catch (JacksonIOException e) {
            throw e.getCause();
        } finally {
            copy.end();
        }
        return new Message(copy.text.toString(), copy.picture);
    }

    /** What has been read of a message so far. */
    private static final class Copy {
        private final StringWriter text = new StringWriter();
        private @Nullable Object id;
        private @Nullable Path picture;
        private boolean complete;

        /** Takes the token that the parser has come to. */
        void take(JsonParser parser, JsonGenerator out) throws IOException {
            if (parser.currentToken() == JsonToken.VALUE_STRING && isAt(parser, PICTURE)) {
                takePicture(parser);
                out.writeString("");
            } else {
                if (isAt(parser, ID)) {
                    id = idOf(parser);
                }
                requireUnicode(parser);
                out.copyCurrentEvent(parser);
            }
            out.flush();
            if (text.getBuffer().length() > MOST_TEXT) {
                throw new MessageTooLargeException();
            }
        }

        private static void requireUnicode(JsonParser parser) {
            if (parser.currentToken() == JsonToken.VALUE_STRING && !JsonProblem.isUnicode(parser.getString())) {
                throw new InvalidMessageException(
                        ErrorCodes.PARSE_ERROR,
                        "a text of the body has half a character: a surrogate without its other half",
                        null);
            }
        }

        private static boolean isAt(JsonParser parser, JsonPointer place) {
            return parser.streamReadContext().pathAsPointer().equals(place);
        }

        private static @Nullable Object idOf(JsonParser parser) {
            return switch (parser.currentToken()) {
                case VALUE_STRING -> parser.getString();
                case VALUE_NUMBER_INT -> parser.getNumberValue();
                default -> null;
            };
        }

        private void takePicture(JsonParser parser) throws IOException {
            picture = Files.createTempFile("upload-", ".picture");
            try (OutputStream out = Files.newOutputStream(picture)) {
                int unused = parser.readBinaryValue(BASE64, out);
            } catch (StreamReadException e) {
                throw new InvalidMessageException(
                        ErrorCodes.INVALID_PARAMS, "data must be the base64 of a picture, with nothing before it", id);
            }
        }

        void end() throws IOException {
            if (!complete && picture != null) {
                Files.deleteIfExists(picture);
            }
        }
    }
}
