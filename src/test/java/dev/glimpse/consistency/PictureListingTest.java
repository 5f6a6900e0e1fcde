package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PictureListingTest {
    @Test
    void oneThatFailsDoesNotKeepTheOthersFromBeingDone() {
        List<Integer> begun = new ArrayList<>();

        assertThatThrownBy(() -> PictureListing.work(List.of(1, 2, 3, 4), 2, n -> {
                    begun.add(n);
                    return switch (n) {
                        case 2 -> throw new RejectedExecutionException("full");
                        case 3 -> CompletableFuture.failedFuture(new IllegalStateException("damaged"));
                        default -> CompletableFuture.completedFuture(n);
                    };
                }))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("2 of 4")
                .hasMessageContaining("full");

        assertThat(begun).containsExactly(1, 2, 3, 4);
    }

    @Test
    void nothingMoreIsBegunWhenManyInARowHaveFailed() {
        List<Integer> begun = new ArrayList<>();

        assertThatThrownBy(() -> PictureListing.work(
                        IntStream.rangeClosed(1, 1_000).boxed().toList(), 2, n -> {
                            begun.add(n);
                            return n == 10
                                    ? CompletableFuture.completedFuture(n)
                                    : CompletableFuture.failedFuture(new IllegalStateException("away"));
                        }))
                .hasMessageContaining(9 + 2 + PictureListing.FAILURES_IN_A_ROW + " of 1000");

        assertThat(begun).hasSize(10 + 2 + PictureListing.FAILURES_IN_A_ROW);
    }

    @Test
    void allWorkIsWaitedForThoughSomeFails() {
        CompletableFuture<Integer> slow = new CompletableFuture<>();
        CompletableFuture<Void> working = CompletableFuture.runAsync(() -> PictureListing.work(
                List.of(1, 2),
                2,
                n -> n == 1 ? slow : CompletableFuture.failedFuture(new IllegalStateException("no"))));

        assertThat(working).isNotDone();
        slow.complete(1);

        assertThatThrownBy(working::join).hasRootCauseMessage("no");
    }
}
