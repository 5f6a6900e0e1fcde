package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PictureListingTest {
    @Test
    void workForWhichThereIsNoRoomEndsTheWholeAndHoldsNobodyUp() {
        List<Integer> begun = new ArrayList<>();

        assertThatThrownBy(() -> PictureListing.work(List.of(1, 2, 3, 4), 2, n -> {
                    begun.add(n);
                    if (n == 2) {
                        throw new RejectedExecutionException("full");
                    }
                    return CompletableFuture.completedFuture(n);
                }))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(RejectedExecutionException.class);

        assertThat(begun).containsExactly(1, 2);
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
