package dev.glimpse.pictures;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.request.Parameter;
import dev.glimpse.request.ParameterValues;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Tells which files are here already, so that clients need not send them. Asks memory alone. */
@RestController
class KnownController {
    private static final int MOST_HASHES = 1000;

    /** Twice what a thousand hashes take. */
    private static final int MOST_BYTES = 128 << 10;

    private final ImageDataset dataset;

    KnownController(ImageDataset dataset) {
        this.dataset = dataset;
    }

    private enum Field implements Parameter {
        SHA256;

        @Override
        public String parameterName() {
            return "sha256";
        }

        @Override
        public boolean isList() {
            return true;
        }
    }

    /**
     * What is here.
     *
     * @param ids of the pictures that have one of the hashes
     */
    record Known(List<String> ids) {}

    @PostMapping(
            path = "/images/known",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    Known known(InputStream body) throws IOException {
        ParameterValues values = ParameterValues.ofJson(JsonBody.read(body, MOST_BYTES), Field.values());
        Set<String> hashes = new LinkedHashSet<>(values.all(Field.SHA256));
        if (hashes.isEmpty() || hashes.size() > MOST_HASHES) {
            throw new InvalidQueryException("sha256 must have 1 to " + MOST_HASHES + " hashes: " + hashes.size());
        }
        return new Known(hashes.stream().flatMap(this::withHash).toList());
    }

    private Stream<String> withHash(String hash) {
        if (!ImageId.isSha256(hash)) {
            throw new InvalidQueryException(
                    "sha256 must be 64 hexadecimal digits, in small letters: " + ParameterValues.shortened(hash));
        }
        return Arrays.stream(ImageFormat.values())
                .map(format -> new ImageId(hash, format))
                .filter(id -> dataset.stateOf(id).isShown())
                .map(ImageId::toString);
    }
}
