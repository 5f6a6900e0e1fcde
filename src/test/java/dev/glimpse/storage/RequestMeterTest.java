package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.storage.RequestMeter.RequestClass;
import dev.glimpse.storage.RequestMeter.Spent;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class RequestMeterTest {
    private final RequestMeter meter = new RequestMeter();

    @Test
    void requestsAreCountedForTheInnermostUse() throws Exception {
        meter.count(RequestClass.A, 1);
        RequestMeter.using(StoreUse.UPLOADS, () -> {
            meter.count(RequestClass.A, 10);
            RequestMeter.using(StoreUse.VIEWS, () -> {
                meter.count(RequestClass.B, 0);
                return true;
            });
            meter.count(RequestClass.FREE, 0);
            return true;
        });
        Callable<Boolean> poll = RequestMeter.forUse(StoreUse.POLLS, () -> {
            meter.count(RequestClass.B, 0);
            return true;
        });
        poll.call();
        meter.count(RequestClass.B, 0);

        assertThat(meter.spent(StoreUse.OTHER)).isEqualTo(new Spent(StoreUse.OTHER, 1, 1, 0, 4.5e-6 + 0.36e-6));
        assertThat(meter.spent(StoreUse.UPLOADS)).isEqualTo(new Spent(StoreUse.UPLOADS, 1, 0, 1, 4.5e-6));
        assertThat(meter.spent(StoreUse.VIEWS).classB()).isEqualTo(1);
        assertThat(meter.spent(StoreUse.POLLS).classB()).isEqualTo(1);
        assertThat(meter.totals().classA()).isEqualTo(2);
        assertThat(meter.totals().classB()).isEqualTo(3);
        assertThat(meter.totals().free()).isEqualTo(1);
        assertThat(meter.totals().bytesUp()).isEqualTo(11);
        assertThat(RequestMeter.use()).isEqualTo(StoreUse.OTHER);
    }

    @Test
    void tasksAskForTheUseOfTheThreadThatGaveThem() throws Exception {
        Runnable task =
                RequestMeter.using(StoreUse.CHANGES, () -> RequestMeter.carry(() -> meter.count(RequestClass.A, 0)));
        Thread other = new Thread(() -> {
            RequestMeter.enter(StoreUse.UPKEEP);
            task.run();
            meter.count(RequestClass.A, 0);
        });
        other.start();
        other.join();

        assertThat(List.of(StoreUse.CHANGES, StoreUse.UPKEEP))
                .allSatisfy(use -> assertThat(meter.spent(use).classA()).isEqualTo(1));
    }

    @Test
    void accountOfARequestHasItsUses() throws Exception {
        RequestMeter account = new RequestMeter();
        RequestMeter.measure(account, RequestMeter.forUse(StoreUse.SEARCHES, () -> {
            meter.count(RequestClass.B, 0);
            return true;
        }));

        assertThat(account.spent(StoreUse.SEARCHES).classB()).isEqualTo(1);
        assertThat(account.totals()).isEqualTo(meter.totals());
    }
}
