package dev.glimpse.image;

/** More pixels wait to be decoded than can be in memory soon. Trying again in a few seconds helps. */
public final class DecoderBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DecoderBusyException(String message) {
        super(message);
    }
}
