package dev.glimpse.embedding;

/** More work waits for the encoder than it can do in time. Trying again in a few seconds helps. */
public class EncoderBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message why, and what the client may do */
    public EncoderBusyException(String message) {
        super(message);
    }
}
