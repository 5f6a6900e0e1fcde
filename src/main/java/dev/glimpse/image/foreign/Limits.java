package dev.glimpse.image.foreign;

import java.time.Duration;

/**
 * What one program may take.
 *
 * @param memory in bytes of address space, of each process that it starts
 * @param processorTime of each process; rounded up to seconds
 * @param fileSize in bytes, of each file that it writes
 * @param wallTime after which it is killed, with whatever it has started
 */
record Limits(long memory, Duration processorTime, long fileSize, Duration wallTime) {
    long processorSeconds() {
        return Math.max(1, processorTime.plusMillis(999).toSeconds());
    }
}
