package dev.glimpse.web;

import dev.glimpse.request.AlsoNamed;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.Parameter;
import dev.glimpse.request.Spelling;
import dev.glimpse.request.TakesParameters;
import dev.glimpse.request.UnknownParameterException;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.multipart.MultipartException;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.multipart.MultipartRequest;
import org.springframework.web.util.WebUtils;

/** The parameters of one endpoint, in their order. Safe for use by several threads. */
final class EndpointParameters {
    private static final DefaultParameterNameDiscoverer NAMES = new DefaultParameterNameDiscoverer();

    /** What a handler that reads a body takes. */
    private static final Set<Class<?>> BODIES = Set.of(InputStream.class, HttpServletRequest.class);

    private final List<String> names = new ArrayList<>();

    /** Of those that are no lists. */
    private final Set<String> takenOnce = new HashSet<>();

    private final Set<String> neverEmpty = new HashSet<>();

    private final List<Pattern> otherNames = new ArrayList<>();
    private @Nullable String file;

    /** Whether the handler may read a body. */
    private boolean readsBody;

    private EndpointParameters() {}

    /** The parameters with these names; each may be there several times, and never empty. */
    static EndpointParameters lists(String... names) {
        EndpointParameters parameters = new EndpointParameters();
        parameters.names.addAll(List.of(names));
        parameters.neverEmpty.addAll(List.of(names));
        return parameters;
    }

    EndpointParameters(HandlerMethod endpoint) {
        readsBody = Stream.of(endpoint.getMethodParameters())
                .anyMatch(parameter -> BODIES.contains(parameter.getParameterType()));
        TakesParameters takes = endpoint.getMethodAnnotation(TakesParameters.class);
        if (takes != null) {
            for (Parameter parameter : takes.value().getEnumConstants()) {
                names.add(parameter.parameterName());
                if (!parameter.isList()) {
                    takenOnce.add(parameter.parameterName());
                    neverEmpty.add(parameter.parameterName());
                }
            }
        }
        for (MethodParameter parameter : endpoint.getMethodParameters()) {
            RequestParam annotation = parameter.getParameterAnnotation(RequestParam.class);
            if (annotation != null) {
                parameter.initParameterNameDiscovery(NAMES);
                add(annotation.name().isEmpty() ? parameter.getParameterName() : annotation.name(), parameter);
            }
        }
    }

    private void add(@Nullable String name, MethodParameter parameter) {
        if (name == null) {
            throw new IllegalStateException("a parameter without a name: " + parameter);
        }
        Class<?> type = parameter.getParameterType();
        names.add(name);
        if (!type.isArray() && !List.class.isAssignableFrom(type)) {
            takenOnce.add(name);
            neverEmpty.add(name);
        }
        AlsoNamed others = parameter.getParameterAnnotation(AlsoNamed.class);
        if (others != null) {
            otherNames.add(Pattern.compile(others.value()));
        }
        if (parameter.nestedIfOptional().nested().getNestedParameterType() == MultipartFile.class) {
            file = name;
        }
    }

    /** In the order of the method. */
    List<String> names() {
        return List.copyOf(names);
    }

    /** Whether a parameter of this name may be there once at most. */
    boolean isTakenOnce(String name) {
        return takenOnce.contains(name);
    }

    /**
     * Checks what a request asks. A form is checked by its fields.
     *
     * @throws UnknownParameterException if it has a parameter or a part that the endpoint does not have
     * @throws FileForTextException if a part is a file and has the name of a text
     * @throws InvalidQueryException if a parameter that is taken once is there twice, or one that takes a value is empty; if a part that is
     *     text is not valid UTF-8; or if there is another body, which the endpoint does not read
     */
    void check(HttpServletRequest request) {
        for (Map.Entry<String, String[]> sent : request.getParameterMap().entrySet()) {
            check(sent.getKey(), sent.getValue());
        }
        MultipartRequest parts = WebUtils.getNativeRequest(request, MultipartRequest.class);
        if (parts != null) {
            for (String name : parts.getMultiFileMap().keySet()) {
                if (!isKnown(name)) {
                    throw unknown(name, Spelling.nearest(name, names).or(() -> Optional.ofNullable(file)));
                }
                if (!isFile(name)) {
                    throw new FileForTextException(name);
                }
            }
            requireUtf8(request);
        }
        if (hasUnreadBody(request)) {
            throw new InvalidQueryException("this call takes no body"
                    + (names.isEmpty() ? "" : "; put " + String.join(", ", names) + " into the query"));
        }
    }

    /** Text with other bytes would be taken with other characters than were sent. */
    private void requireUtf8(HttpServletRequest request) {
        try {
            for (Part part : request.getParts()) {
                if (part.getSubmittedFileName() == null && !isFile(part.getName())) {
                    requireUtf8(part);
                }
            }
        } catch (IOException | ServletException e) {
            throw new MultipartException("the body cannot be read", e);
        }
    }

    private static void requireUtf8(Part part) throws IOException {
        try (InputStream in = part.getInputStream()) {
            CharBuffer unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(in.readAllBytes()));
        } catch (CharacterCodingException e) {
            throw new InvalidQueryException(part.getName() + " must be text in UTF-8, and has other bytes");
        }
    }

    private boolean hasUnreadBody(HttpServletRequest request) {
        if (request.getContentLengthLong() <= 0 && request.getHeader(HttpHeaders.TRANSFER_ENCODING) == null) {
            return false;
        }
        String type = Objects.toString(request.getContentType(), "").toLowerCase(Locale.ROOT);
        boolean isForm = type.startsWith(MediaType.APPLICATION_FORM_URLENCODED_VALUE) || type.startsWith("multipart/");
        return switch (request.getMethod()) {
            case "GET" -> true;
            case "POST" -> !readsBody && !isForm;
            default -> false;
        };
    }

    private void check(String name, String[] values) {
        if (!isKnown(name)) {
            throw unknown(name, Spelling.nearest(name, names));
        }
        if (isTakenOnce(name) && values.length > 1) {
            throw new InvalidQueryException(name + " is there " + values.length + " times, and is taken once");
        }
        if (neverEmpty.contains(name) && Arrays.asList(values).contains("")) {
            throw new InvalidQueryException(name + " is empty: give it a value, or leave it out");
        }
    }

    private boolean isKnown(String name) {
        return names.contains(name)
                || otherNames.stream().anyMatch(pattern -> pattern.matcher(name).matches());
    }

    /** Whether a part of this name is a file. Other names are those of files. */
    private boolean isFile(String name) {
        return name.equals(file) || (!names.contains(name) && isKnown(name));
    }

    private UnknownParameterException unknown(String name, Optional<String> nearest) {
        return UnknownParameterException.of("parameter", name, nearest, names);
    }
}
