package dev.glimpse.embedding;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much of a processor a thread gets beside others, as the operating system sees it. */
final class Niceness {
    private static final Logger log = LoggerFactory.getLogger(Niceness.class);

    /** A thread of the usual niceness gets three times as much: 1,024 to 335, by the weights of Linux (sched_prio_to_weight). */
    private static final int MORE = 5;

    private Niceness() {}

    /**
     * From now on, the calling thread leaves most of a processor to others that want it as well, and takes all of it if there are none. So do
     * the threads that it starts. For one call of a thread. Elsewhere than on Linux nothing happens.
     */
    static void giveWay() {
        if (!Platform.isLinux()) {
            return;
        }
        try {
            // nice(2). On Linux, unlike elsewhere, each thread has a niceness of its own. More of it is never refused.
            int unused = NativeLibrary.getProcess().getFunction("nice").invokeInt(new Object[] {MORE});
        } catch (LinkageError | RuntimeException e) {
            // Pictures are encoded all the same.
            log.debug("{} cannot give way to others", Thread.currentThread().getName(), e);
        }
    }
}
