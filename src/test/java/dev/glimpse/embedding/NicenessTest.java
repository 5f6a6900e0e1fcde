package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class NicenessTest {
    @Test
    void threadThatGivesWayIsNicerThanTheOthersOfItsProcess() throws Exception {
        int usual = niceness();
        assumeThat(usual).as("the nicest that there is").isLessThan(19);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            thread.submit(Niceness::giveWay).get();

            assertThat(thread.submit(NicenessTest::niceness).get()).isGreaterThan(usual);
            assertThat(niceness()).isEqualTo(usual);
        } finally {
            thread.shutdown();
        }
    }

    /** Of the calling thread: see proc_pid_stat(5), whose field 19 this is. The second, a name, may have spaces. */
    private static int niceness() throws IOException {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        String[] fromThird = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Integer.parseInt(fromThird[16]);
    }
}
