package dev.glimpse.image;

/**
 * What a JPEG's header says about the memory that its decoding takes.
 *
 * @param components of each pixel
 * @param lossless whether it is coded without loss, which a slow reader of its own decodes as a whole
 * @param buffered whether the coefficients of all pixels are kept, as several scans need them
 * @param samples of a pixel, on average, as some components may have fewer
 */
record JpegFrame(int components, boolean lossless, boolean buffered, double samples) {
    /** Three whole components and no more is assumed where nothing can be read. */
    private static final JpegFrame UNKNOWN = new JpegFrame(3, false, false, 3);

    static JpegFrame of(byte[] bytes) {
        JpegFrame frame = UNKNOWN;
        int at = 2;
        while (at + 10 < bytes.length) {
            int marker = bytes[at + 1] & 0xFF;
            if (bytes[at] != (byte) 0xFF || marker == 0xFF || marker == 0 || (marker >= 0xD0 && marker <= 0xD8)) {
                at++;
                continue;
            }
            if (marker == 0xDA) {
                // A scan of some components only: the others are in further scans.
                boolean several = (bytes[at + 4] & 0xFF) < frame.components;
                return new JpegFrame(frame.components, frame.lossless, frame.buffered || several, frame.samples);
            }
            if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
                frame = frame(bytes, at, marker);
            }
            at += 2 + ((bytes[at + 2] & 0xFF) << 8 | (bytes[at + 3] & 0xFF));
        }
        return frame;
    }

    private static JpegFrame frame(byte[] bytes, int at, int marker) {
        int components = bytes[at + 9] & 0xFF;
        if (components == 0 || at + 10 + 3 * components > bytes.length) {
            return UNKNOWN;
        }
        int mostAcross = 1;
        int mostDown = 1;
        int sum = 0;
        for (int i = 0; i < components; i++) {
            int factors = bytes[at + 11 + 3 * i] & 0xFF;
            sum += (factors >> 4) * (factors & 15);
            mostAcross = Math.max(mostAcross, factors >> 4);
            mostDown = Math.max(mostDown, factors & 15);
        }
        int most = mostAcross * mostDown;
        boolean lossless = (marker & 3) == 3;
        boolean progressive = (marker & 3) == 2;
        return new JpegFrame(components, lossless, progressive, (double) sum / most);
    }
}
