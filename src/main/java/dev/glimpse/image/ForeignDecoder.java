package dev.glimpse.image;

import dev.glimpse.fairness.Ticket;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;

/**
 * Decodes pictures in formats that no reader in this process knows, by other programs: {@link ImageFormat#isForeign}. Safe for use by
 * several threads.
 */
public interface ForeignDecoder {
    /** Decodes nothing. */
    ForeignDecoder NONE = new ForeignDecoder() {
        @Override
        public Set<ImageFormat> formats() {
            return Set.of();
        }

        @Override
        public String advice(ImageFormat format) {
            return "glimpse.decode.memory is 0, so that no decoder is used";
        }

        @Override
        public Picture open(ImageFormat format, byte[] bytes) {
            throw new UnsupportedImageException(format.title() + " is not decoded here");
        }
    };

    /** The formats that are decoded here; the same as long as the server runs. */
    Set<ImageFormat> formats();

    /** What the operator can do so that this format is decoded too, as a part of a sentence. */
    String advice(ImageFormat format);

    /**
     * Reads what the header says. Starts nothing.
     *
     * @throws DamagedImageException if the header cannot be read
     * @throws UnsupportedImageException if the picture inside is coded in a way that is not decoded here
     */
    Picture open(ImageFormat format, byte[] bytes);

    /** A picture of which only the header has been read. */
    interface Picture {
        /** As announced, in pixels; of a turned picture perhaps its height. What is decoded may differ. */
        long width();

        long height();

        /**
         * Makes a JPEG or PNG of the picture, upright, whatever the EXIF block in it says, and gives it to the reader. What the picture
         * takes of the decoders' memory is taken until the reader ends. Waits while others take it, and for the ticket's turn.
         *
         * @param time of a processor that the program may take
         * @param patience how long to wait while other pictures take the memory
         * @param reader is called on this thread
         * @return what the reader returns
         * @throws DamagedImageException if the picture cannot be decoded
         * @throws ImageTooLargeException if it takes more memory or disk than is granted
         * @throws ImageTooSlowException if it takes too much time
         * @throws DecoderBusyException if others do not end in time, or the thread is interrupted
         * @throws DecoderUnavailableException if the program cannot be run
         */
        <T> T decode(Ticket ticket, Duration time, Duration patience, Function<byte[], T> reader);
    }
}
