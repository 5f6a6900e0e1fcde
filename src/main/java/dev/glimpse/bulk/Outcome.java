package dev.glimpse.bulk;

/** What became of a file. */
enum Outcome {
    /** It was new, and the server has it. */
    STORED("stored"),
    /** The server had it before, or it came twice. */
    KNOWN("known"),
    /** It is not taken as it is: damaged, too large, or made to do harm. */
    REFUSED("refused"),
    /** It is no picture, or none that the server reads. */
    LEFT_OUT("left out"),
    /** It could not be read or sent; another attempt may succeed. */
    FAILED("failed");

    private final String label;

    Outcome(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }
}
