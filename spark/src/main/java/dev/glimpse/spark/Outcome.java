package dev.glimpse.spark;

import dev.glimpse.dataset.PictureRow;
import org.jspecify.annotations.Nullable;

/**
 * What became of a source.
 *
 * @param row if there is one to be committed
 * @param reason why there is none, for people
 */
record Outcome(Kind kind, @Nullable PictureRow row, String reason) {
    enum Kind {
        /** It has a row that is to be committed. */
        ROW,
        /** The table has a row of it, or another source of the same task is the same picture. */
        KNOWN,
        /** A job before has written its row and not committed it. */
        LEFT,
        /** It was deleted, and stays so. */
        DELETED,
        /** It is no picture that is accepted. */
        REFUSED,
        /** It is not there, or cannot be fetched. */
        FAILED
    }

    static Outcome row(PictureRow row) {
        return new Outcome(Kind.ROW, row, "");
    }

    static Outcome known() {
        return new Outcome(Kind.KNOWN, null, "");
    }

    static Outcome left() {
        return new Outcome(Kind.LEFT, null, "");
    }

    static Outcome deleted() {
        return new Outcome(Kind.DELETED, null, "");
    }

    static Outcome refused(@Nullable String reason) {
        return new Outcome(Kind.REFUSED, null, String.valueOf(reason));
    }

    static Outcome failed(@Nullable String reason) {
        return new Outcome(Kind.FAILED, null, String.valueOf(reason));
    }

    /** What a second source of the same picture comes to. */
    Outcome again() {
        return kind == Kind.ROW ? known() : this;
    }
}
