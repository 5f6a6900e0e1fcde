package dev.glimpse;

/** What a benchmark prints, and whether it kept what it promises. For one thread. */
final class Report {
    private boolean missed;

    @SuppressWarnings("AnnotateFormatMethod")
    void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }

    /** Prints a bar, and whether it was met. */
    @SuppressWarnings("AnnotateFormatMethod")
    void bar(boolean met, String format, Object... values) {
        System.out.println(format.formatted(values) + (met ? ": met" : ": MISSED"));
        missed |= !met;
    }

    /** For {@link System#exit}: 1 if a bar was missed. */
    int status() {
        return missed ? 1 : 0;
    }
}
