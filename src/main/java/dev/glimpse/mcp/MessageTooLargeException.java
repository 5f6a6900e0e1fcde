package dev.glimpse.mcp;

import tools.jackson.core.StreamReadConstraints;

/** A message has more bytes or levels than we take. */
public class MessageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MessageTooLargeException() {
        super("a message may have " + (MessageReader.MOST_TEXT >> 10) + " kB, " + MessageReader.DEEPEST
                + " levels, and numbers of " + StreamReadConstraints.DEFAULT_MAX_NUM_LEN
                + " digits; if its sender may upload, a picture comes on top");
    }
}
