package dev.glimpse.bulk;

/** A picture that has been read, on its way to the server. Belongs to one thread at a time. */
final class Candidate {
    private final String name;
    private final String sha256;
    private final Content content;
    private final Notes notes;
    private final int held;
    private int attempts;
    private boolean isOffered;

    /**
     * @param name as the source calls it
     * @param sha256 of the bytes, 64 hexadecimal digits in small letters
     * @param held of the memory for pictures, in KiB
     */
    Candidate(String name, String sha256, Content content, Notes notes, int held) {
        this.name = name;
        this.sha256 = sha256;
        this.content = content;
        this.notes = notes;
        this.held = held;
    }

    String name() {
        return name;
    }

    /** Without folders, as the server is told. */
    String fileName() {
        String path = name;
        if (path.regionMatches(true, 0, "http", 0, 4) && path.contains("://")) {
            path = path.replaceAll("[?#].*", "");
        }
        String last = path.substring(path.lastIndexOf('/') + 1);
        return last.isEmpty() ? "picture" : last;
    }

    String sha256() {
        return sha256;
    }

    Content content() {
        return content;
    }

    Notes notes() {
        return notes;
    }

    int held() {
        return held;
    }

    /** How often sending it has failed. */
    int attempts() {
        return attempts;
    }

    void hasFailed() {
        attempts++;
    }

    /** True after it was sent and no answer came, so that the server may have stored it. */
    boolean isOffered() {
        return isOffered;
    }

    void wasOffered() {
        isOffered = true;
    }
}
