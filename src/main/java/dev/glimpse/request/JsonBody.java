package dev.glimpse.request;

import java.io.IOException;
import java.io.InputStream;
import org.springframework.web.multipart.MaxUploadSizeExceededException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the body of a request that is JSON, as strictly as JSON is defined: no field twice, nothing after the end. */
public final class JsonBody {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonBody() {}

    /**
     * Reads a body to its end, unless it is too long. Waits for the client.
     *
     * @param most the most bytes that it may have
     * @throws MaxUploadSizeExceededException if it has more
     * @throws InvalidQueryException if it is no JSON; says what is wrong, and where
     * @throws IOException if the client sends no more
     */
    public static JsonNode read(InputStream body, int most) throws IOException {
        byte[] json = body.readNBytes(most + 1);
        if (json.length > most) {
            throw new MaxUploadSizeExceededException(most);
        }
        return parse(json);
    }

    /**
     * Reads a whole body.
     *
     * @throws InvalidQueryException if it is no JSON; says what is wrong, and where
     */
    public static JsonNode parse(byte[] json) {
        try {
            return JSON.readTree(json);
        } catch (JacksonException e) {
            throw new InvalidQueryException("the body is not valid JSON: " + JsonProblem.of(e));
        }
    }
}
