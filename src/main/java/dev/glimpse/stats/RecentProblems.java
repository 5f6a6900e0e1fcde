package dev.glimpse.stats;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/**
 * Remembers the last warnings and errors of the log, where each failure of the server is told once. Those of one kind are one entry, with the
 * message of the last. Stack traces stay in the log. Safe for use by several threads.
 */
@Component
final class RecentProblems extends AppenderBase<ILoggingEvent> implements DisposableBean {
    private static final int MOST = 30;
    private static final int LONGEST = 500;
    private static final String OURS = "dev.glimpse.";

    /** How a refusal of a request begins: with its type, as in the answer. */
    private static final Pattern PROBLEM = Pattern.compile("problem=([a-z0-9-]+) ");

    /** The latest last. Guarded by itself. */
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * Problems of one kind.
     *
     * @param level {@code warning} or {@code error}
     * @param type of the answers to requests that failed for it, without {@code /problems/}; null if it was no request
     * @param message for administrators; null for others
     */
    public record Entry(
            Instant first,
            Instant last,
            long count,
            String level,
            @Nullable String type,
            @Nullable String message) {
        Entry publicly() {
            return new Entry(first, last, count, level, type, null);
        }
    }

    RecentProblems() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            setContext(context);
            setName("recent-problems");
            start();
            context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(this);
        }
    }

    /** Those of libraries are told if they are errors. */
    private static boolean tells(ILoggingEvent event) {
        return event.getLevel().isGreaterOrEqual(event.getLoggerName().startsWith(OURS) ? Level.WARN : Level.ERROR);
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (!tells(event)) {
            return;
        }
        String message = message(event);
        Matcher problem = PROBLEM.matcher(message);
        String type = problem.lookingAt() ? problem.group(1) : null;
        String kind = event.getLoggerName() + " " + event.getMessage() + " " + type;
        Instant now = Instant.ofEpochMilli(event.getTimeStamp());
        synchronized (entries) {
            Entry before = entries.remove(kind);
            entries.put(
                    kind,
                    new Entry(
                            before == null ? now : before.first,
                            now,
                            before == null ? 1 : before.count + 1,
                            event.getLevel().isGreaterOrEqual(Level.ERROR) ? "error" : "warning",
                            type,
                            message));
            if (entries.size() > MOST) {
                entries.remove(entries.keySet().iterator().next());
            }
        }
    }

    private static String message(ILoggingEvent event) {
        IThrowableProxy failure = event.getThrowableProxy();
        String message = event.getFormattedMessage()
                + (failure == null ? "" : ": " + failure.getClassName() + ": " + failure.getMessage());
        return message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "…";
    }

    /** The latest first. */
    List<Entry> latest() {
        List<Entry> latest;
        synchronized (entries) {
            latest = new ArrayList<>(entries.values());
        }
        Collections.reverse(latest);
        return latest;
    }

    @Override
    public void destroy() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(Logger.ROOT_LOGGER_NAME).detachAppender(this);
        }
        stop();
    }
}
