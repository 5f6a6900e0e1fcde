package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestBucket;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BucketDoctorIT {
    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @AfterEach
    void stop() {
        store.close();
        bucket.close();
    }

    private boolean examine(ObjectStore patient) {
        return new BucketDoctor(patient, new PrintStream(printed, true, StandardCharsets.UTF_8), false).examine();
    }

    private String printed() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void goodBucketPassesAndIsLeftAsItWas() {
        bucket.latency(Duration.ofMillis(5), Duration.ofMillis(10));

        assertThat(examine(store)).as(printed()).isTrue();

        assertThat(printed())
                .contains("conditional put", "class A", "MB/s", "can trust")
                .doesNotContain("no go");
        assertThat(store.list("")).isEmpty();
    }

    @Test
    void programsReadTheChecksAsJson(@TempDir Path folder) {
        try (ObjectStore patient = new FolderStore(folder)) {
            new BucketDoctor(patient, new PrintStream(printed, true, StandardCharsets.UTF_8), true).examine();
        }

        JsonNode report = JsonMapper.shared().readTree(printed());
        assertThat(report.get("store").stringValue()).isEqualTo(folder.toString());
        assertThat(report.get("trusted").booleanValue()).isTrue();
        assertThat(report.get("checks")
                        .valueStream()
                        .map(check -> check.get("name").stringValue()))
                .contains("conditional put", "clock");
    }

    @Test
    void goodFolderPasses(@TempDir Path folder) {
        try (ObjectStore patient = new FolderStore(folder)) {
            assertThat(examine(patient)).as(printed()).isTrue();
            assertThat(patient.list("")).isEmpty();
        }
    }

    @Test
    void bucketThatIgnoresConditionsFailsAndIsLeftAsItWas() {
        bucket.ignoreConditions();

        assertThat(examine(store)).isFalse();

        assertThat(printed())
                .contains("no go  conditional put", "of 8 puts of one key at the same moment have won", "cannot trust");
        assertThat(store.list("")).isEmpty();
    }

    @Test
    void bucketThatDoesNotAnswerIsOneLine() {
        bucket.down();

        assertThat(examine(store)).isFalse();

        assertThat(printed().lines()).hasSize(2);
        assertThat(printed()).contains("cannot put");
    }

    @Test
    void conditionalPutsAreTriedOnce() {
        store.requireConditionalPuts();
        bucket.resetCounts();

        assertThatCode(store::requireConditionalPuts).doesNotThrowAnyException();

        assertThat(bucket.requests()).isEmpty();
        assertThat(store.list("")).isEmpty();
    }

    @Test
    void bucketThatIgnoresConditionsIsNotWrittenTo() {
        bucket.ignoreConditions();

        assertThatThrownBy(store::requireConditionalPuts)
                .isInstanceOf(UntrustedBucketException.class)
                .hasMessageContaining("If-None-Match");
    }

    @Test
    void bucketThatRefusesTwoPutsInARowAndLosesRacesIsNotTrusted() {
        bucket.loseRaces();

        assertThatThrownBy(store::requireConditionalPuts)
                .isInstanceOf(UntrustedBucketException.class)
                .hasMessageContaining("8 of 8 puts of one key at the same moment have won");
        assertThat(examine(store)).isFalse();

        assertThat(printed())
                .contains("go     conditional put", "no go  conditional put, raced")
                .contains("cannot trust");
        assertThat(store.list("")).isEmpty();
        assertThat(store.problem()).isPresent();
    }

    @Test
    void raceInWhichMostAreTurnedAwayIsNoFinding() {
        bucket.limitWrites();

        assertThatCode(store::requireConditionalPuts).doesNotThrowAnyException();
    }

    @Test
    void trialThatCouldNotTellIsMadeAgain() {
        bucket.down();
        assertThatThrownBy(store::requireConditionalPuts).isInstanceOf(StoreUnavailableException.class);
        bucket.clearFaults();

        store.requireConditionalPuts();

        assertThat(store.isTried()).isTrue();
    }

    @Test
    void tokenThatMayOnlyReadIsOneSentence() {
        bucket.readOnly();

        assertThat(examine(store)).isFalse();

        assertThat(printed().lines()).hasSize(2);
        assertThat(printed()).contains("403 AccessDenied. Give the token the permission Object Read & Write");
    }
}
