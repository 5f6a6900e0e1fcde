package dev.glimpse.bulk;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The pictures that have been read and of which nothing has become yet. Of several with the same bytes the first is sent, and the others
 * share what becomes of it. For all threads.
 */
final class UnderWay {
    private final Memory memory;
    private final Report report;

    /** By hash: those that wait for the first. Guarded by itself. */
    private final Map<String, List<Candidate>> twins = new HashMap<>();

    UnderWay(Memory memory, Report report) {
        this.memory = memory;
        this.report = report;
    }

    /** True if the picture is to be sent; false if the same bytes are under way already. */
    boolean begin(Candidate picture) {
        synchronized (twins) {
            List<Candidate> waiting = twins.get(picture.sha256());
            if (waiting == null) {
                twins.put(picture.sha256(), new ArrayList<>());
                return true;
            }
            waiting.add(picture);
        }
        release(picture);
        return false;
    }

    /** @param isNew whether the server did not have it before */
    void loaded(Candidate picture, boolean isNew) {
        List<Candidate> waiting = end(picture);
        report.loaded(isNew);
        waiting.forEach(twin -> report.loaded(false));
    }

    /** @param status that the server answered with; 0 if it did not answer */
    void notLoaded(Candidate picture, Outcome outcome, int status, String reason) {
        List<Candidate> waiting = end(picture);
        report.notLoaded(picture.name(), outcome, status, reason);
        waiting.forEach(twin -> report.notLoaded(twin.name(), outcome, status, reason));
    }

    private List<Candidate> end(Candidate picture) {
        release(picture);
        synchronized (twins) {
            List<Candidate> waiting = twins.remove(picture.sha256());
            return waiting == null ? List.of() : waiting;
        }
    }

    private void release(Candidate picture) {
        picture.content().close();
        memory.giveBack(picture.held());
    }
}
