package dev.glimpse.stats;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class RecentProblemsTest {
    private final Logger ours = LoggerFactory.getLogger("dev.glimpse.test.Part");
    private final RecentProblems problems = new RecentProblems();

    @AfterEach
    void stop() {
        problems.destroy();
    }

    @Test
    void problemsOfOneKindAreOneEntryAndTheLatestIsFirst() {
        ours.warn("{} rows wait", 3);
        ours.error("unexpected failure", new IllegalStateException("<b>no</b>"));
        ours.warn("{} rows wait", 4);

        assertThat(problems.latest()).hasSize(2);
        RecentProblems.Entry rows = problems.latest().get(0);
        assertThat(rows.count()).isEqualTo(2);
        assertThat(rows.level()).isEqualTo("warning");
        assertThat(rows.message()).isEqualTo("4 rows wait");
        assertThat(rows.type()).isNull();
        assertThat(problems.latest().get(1).message())
                .isEqualTo("unexpected failure: java.lang.IllegalStateException: <b>no</b>");
        assertThat(problems.latest().get(1).level()).isEqualTo("error");
    }

    @Test
    void refusalsAreToldApartByTheirTypes() {
        ours.warn("problem={} {}", "busy", "one");
        ours.warn("problem={} {}", "store-unavailable", "two");
        ours.warn("problem={} {}", "busy", "three");

        assertThat(problems.latest().stream().map(RecentProblems.Entry::type))
                .containsExactly("busy", "store-unavailable");
        assertThat(problems.latest().get(0).publicly().message()).isNull();
    }

    @Test
    void newsAndWarningsOfLibrariesAreNoProblems() {
        ours.info("all is well");
        LoggerFactory.getLogger("org.example.Library").warn("deprecated");

        assertThat(problems.latest()).isEmpty();
    }

    @Test
    void memoryIsBoundedWhateverIsLogged() {
        for (int i = 0; i < 100; i++) {
            ours.warn("kind " + i + " {}", "x".repeat(10_000));
        }

        assertThat(problems.latest()).hasSize(30);
        assertThat(problems.latest().get(0).message()).startsWith("kind 99").hasSizeLessThan(502);
    }
}
