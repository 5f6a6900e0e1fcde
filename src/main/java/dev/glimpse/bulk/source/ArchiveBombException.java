package dev.glimpse.bulk.source;

import java.io.IOException;

/** An archive that becomes far larger than archives of pictures do. Nothing more of it is read. */
public final class ArchiveBombException extends IOException {
    private static final long serialVersionUID = 1L;

    static final String REASON =
            "unpacked it has more than " + Expansion.MOST_TIMES + " times its size, as no archive of pictures has";

    ArchiveBombException() {
        super(REASON);
    }
}
