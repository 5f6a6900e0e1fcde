package dev.glimpse.upload;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.util.StreamUtils;
import org.springframework.util.unit.DataSize;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.multipart.MultipartException;

/**
 * The pictures of a request, in the ways that clients send them: as parts called {@code file}, or one as the whole body. Closing it
 * removes what waits on disk; parts are removed by whoever has parsed the request.
 */
final class SentPictures implements AutoCloseable {
    /** Other names than {@code file} come from libraries that mark a list. */
    static final String NAMES = "files?(\\[\\d*])?";

    private static final Pattern NAME = Pattern.compile(NAMES);

    private static final MediaType ANY_IMAGE = new MediaType("image");

    /** What browsers write in place of three characters in a file name. All else is as it was. */
    private static final Pattern ESCAPED = Pattern.compile("%(22|0[AaDd])");

    private static final Pattern QUOTED = Pattern.compile("\"(\\\\.|[^\"\\\\])*\"");
    private static final Pattern EXTENDED = Pattern.compile("(?i);\\s*filename\\*\\s*=");

    /** What clients send instead of nothing, and may have a {@code url}. */
    private static final MediaType FORM = MediaType.APPLICATION_FORM_URLENCODED;

    private static final List<MediaType> TAKEN =
            List.of(MediaType.MULTIPART_FORM_DATA, ANY_IMAGE, MediaType.APPLICATION_OCTET_STREAM);

    private static final String HOW_TO = "; send pictures as curl -F file=@cat.jpg .../upload, or one as"
            + " curl --data-binary @cat.jpg -H 'Content-Type: image/jpeg' .../upload";

    private final List<SentPicture> pictures;
    private final @Nullable Path body;

    private SentPictures(List<SentPicture> pictures, @Nullable Path body) {
        this.pictures = List.copyOf(pictures);
        this.body = body;
    }

    /**
     * Takes the pictures of a request, none if it has neither parts nor a picture as its body. Waits for the rest of the body.
     *
     * @param limit the most bytes of a picture that is the body. Parts may have more here, so that one of many can be refused alone
     * @throws EmptyFileException if a part or a parameter that should be a picture is text
     * @throws FileTooLargeException if the body has more bytes
     * @throws MultipartException if the body cannot be read or kept
     */
    static SentPictures of(HttpServletRequest request, DataSize limit) {
        try {
            MediaType type = typeOf(request);
            boolean parts = type != null && type.isCompatibleWith(MediaType.MULTIPART_FORM_DATA);
            List<SentPicture> pictures = parts ? ofParts(request) : List.of();
            requireNoText(request.getParameterMap().keySet());
            if (type != null && (ANY_IMAGE.includes(type) || MediaType.APPLICATION_OCTET_STREAM.includes(type))) {
                return ofBody(request, limit);
            }
            return new SentPictures(pictures, null);
        } catch (IOException | ServletException e) {
            throw new MultipartException("the body cannot be read", e);
        }
    }

    /** Parts have been looked at before, so this is a parameter of the query. */
    private static void requireNoText(Set<String> parameters) {
        for (String name : parameters) {
            if (NAME.matcher(name).matches()) {
                throw new EmptyFileException("the parameter " + name + " is text and no picture" + HOW_TO);
            }
        }
    }

    private static @Nullable MediaType typeOf(HttpServletRequest request) {
        String type = request.getContentType();
        try {
            return type == null ? null : MediaType.parseMediaType(type);
        } catch (InvalidMediaTypeException e) {
            return null;
        }
    }

    private static List<SentPicture> ofParts(HttpServletRequest request) throws IOException, ServletException {
        List<SentPicture> pictures = new ArrayList<>();
        for (Part part : request.getParts()) {
            boolean text = part.getSubmittedFileName() == null;
            if (!NAME.matcher(part.getName()).matches()) {
                continue;
            }
            if (text) {
                throw new EmptyFileException(
                        "the part " + part.getName() + " has no file name, so it is text and no picture" + HOW_TO);
            }
            String header = part.getHeader(HttpHeaders.CONTENT_DISPOSITION);
            pictures.add(new SentPicture(filename(header), part.getSize(), () -> bytes(part)));
        }
        return pictures;
    }

    private static byte[] bytes(Part part) throws IOException {
        try (InputStream in = part.getInputStream()) {
            return in.readAllBytes();
        }
    }

    /** The body waits on disk for memory: a client that sends slowly would hold memory that others need. */
    private static SentPictures ofBody(HttpServletRequest request, DataSize limit) throws IOException {
        String filename = filename(request.getHeader(HttpHeaders.CONTENT_DISPOSITION));
        if (request.getContentLengthLong() > limit.toBytes()) {
            throw tooLarge(limit);
        }
        Path file = Files.createTempFile("upload-", ".picture");
        boolean taken = false;
        try {
            long size;
            try (OutputStream out = Files.newOutputStream(file)) {
                // One byte more than is allowed shows that there are too many.
                size = StreamUtils.copyRange(request.getInputStream(), out, 0, limit.toBytes());
            }
            if (size > limit.toBytes()) {
                throw tooLarge(limit);
            }
            taken = true;
            return new SentPictures(List.of(new SentPicture(filename, size, () -> Files.readAllBytes(file))), file);
        } finally {
            if (!taken) {
                Files.delete(file);
            }
        }
    }

    private static FileTooLargeException tooLarge(DataSize limit) {
        return new FileTooLargeException("that is the body", limit);
    }

    /** @param disposition a header of that name; null if there is none */
    static @Nullable String filename(@Nullable String disposition) {
        if (disposition == null) {
            return null;
        }
        String name;
        try {
            name = ContentDisposition.parse(disposition).getFilename();
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // A quote that is not closed goes past the end in Spring's parser. Parts have been parsed by it before.
            return null;
        }
        // The other form, filename*, which wins, has an encoding of its own.
        boolean extended =
                EXTENDED.matcher(QUOTED.matcher(disposition).replaceAll("\"\"")).find();
        return name == null || extended
                ? name
                : ESCAPED.matcher(name)
                        .replaceAll(found -> String.valueOf((char) Integer.parseInt(found.group(1), 16)));
    }

    List<SentPicture> list() {
        return pictures;
    }

    /**
     * Why a request has no pictures, and what to do.
     *
     * @throws HttpMediaTypeNotSupportedException if its body is of a type that is not taken
     */
    static EmptyFileException none(HttpServletRequest request) throws HttpMediaTypeNotSupportedException {
        MediaType type = typeOf(request);
        if (request.getContentType() == null || FORM.equalsTypeAndSubtype(type)) {
            return new EmptyFileException("the request has no part called file" + HOW_TO);
        }
        if (type == null || !type.isCompatibleWith(MediaType.MULTIPART_FORM_DATA)) {
            throw new HttpMediaTypeNotSupportedException(type, TAKEN);
        }
        try {
            String names =
                    request.getParts().stream().map(Part::getName).distinct().collect(Collectors.joining(", "));
            return new EmptyFileException("the request has no part called file"
                    + (names.isEmpty() ? "" : "; its parts are called " + shortened(names)) + HOW_TO);
        } catch (IOException | ServletException e) {
            throw new MultipartException("the body cannot be read", e);
        }
    }

    private static String shortened(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }

    @Override
    public void close() {
        try {
            if (body != null) {
                Files.deleteIfExists(body);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove what was sent", e);
        }
    }
}
