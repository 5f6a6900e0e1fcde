package dev.glimpse.mcp;

/** A message has more bytes or levels than we take. */
public class MessageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MessageTooLargeException() {
        super("a message may have " + (MessageReader.MOST_TEXT >> 10) + " kB and " + MessageReader.DEEPEST
                + " levels; if its sender may upload, a picture comes on top");
    }
}
