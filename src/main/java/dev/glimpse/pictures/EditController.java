package dev.glimpse.pictures;

import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.image.ImageId;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

@RestController
class EditController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** Six times what fits into an object's metadata: JSON may write each character as six. */
    private static final int MAX_BYTES = 16 << 10;

    private final Editor editor;

    EditController(Editor editor) {
        this.editor = editor;
    }

    /** What is said of a picture now. */
    record Edited(String id, @Nullable String caption, List<String> tags) {}

    /** Changes the caption or the tags of a picture, or both. */
    @PatchMapping(
            path = "/images/{name}",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    Edited edit(@PathVariable String name, InputStream body, HttpServletRequest request) throws SocketTimeoutException {
        ImageId id = TrashController.parse(name);
        Conditions.requireForChange(id.sha256(), request);
        EditRequest edit = EditRequest.parse(read(body));
        UploadMetadata said = TrashController.await(editor.edit(id, edit::applyTo));
        audit.info("edited {} {}", id, edit.fields());
        return new Edited(id.toString(), said.caption(), said.tags());
    }

    private static byte[] read(InputStream body) throws SocketTimeoutException {
        byte[] bytes;
        try {
            bytes = body.readNBytes(MAX_BYTES + 1);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            throw new InvalidEditException("the body cannot be read: " + e.getMessage());
        }
        if (bytes.length > MAX_BYTES) {
            throw new EditTooLargeException("the body may have " + (MAX_BYTES >> 10) + " kB at most");
        }
        return bytes;
    }
}
