package dev.glimpse.upload;

import java.util.Locale;
import org.springframework.util.unit.DataSize;

/** A file has more bytes than we take. */
public class FileTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param name of the file, as people read it */
    FileTooLargeException(String name, DataSize limit) {
        super(String.format(
                Locale.ROOT, "the file %s is too large: a file may have %s at most", name, readable(limit)));
    }

    private static String readable(DataSize size) {
        return size.toMegabytes() > 0 ? size.toMegabytes() + " MB" : size.toBytes() + " bytes";
    }
}
