package dev.glimpse.storage;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** Makes pools of threads that wait for the store. What they ask of the store is counted for the request that they work for. */
public final class StoreThreads {
    private static final int FINISH_SECONDS = 2;

    private StoreThreads() {}

    /**
     * Makes a pool, for Spring to start and to end.
     *
     * @param name of its threads, without their numbers
     * @param threads at most; idle ones end
     * @param waiting tasks at most; further ones are refused
     */
    public static ThreadPoolTaskExecutor pool(String name, int threads, int waiting) {
        ThreadPoolTaskExecutor pool = withName(name);
        pool.setCorePoolSize(threads);
        pool.setMaxPoolSize(threads);
        pool.setQueueCapacity(waiting);
        pool.setAllowCoreThreadTimeOut(true);
        return pool;
    }

    /**
     * Makes a pool in which no task waits, for Spring to start and to end. It has as many threads as tasks run at the same time, so the
     * caller limits those.
     *
     * @param name of its threads, without their numbers
     */
    public static ThreadPoolTaskExecutor unlimitedPool(String name) {
        ThreadPoolTaskExecutor pool = withName(name);
        pool.setCorePoolSize(0);
        pool.setQueueCapacity(0);
        return pool;
    }

    /**
     * Schedules a task, unless the scheduler has been shut down.
     *
     * @return the scheduled task; null if the scheduler has been shut down
     */
    public static @Nullable ScheduledFuture<?> scheduleUnlessShutDown(
            ThreadPoolTaskScheduler scheduler, Duration time, Runnable task) {
        try {
            return scheduler.schedule(task, Instant.now().plus(time));
        } catch (TaskRejectedException e) {
            return null;
        }
    }

    /**
     * Lets the tasks of a pool come to their end when the server stops, for two seconds at most. For pools whose requests have ended by
     * then; a task that still waits for a store that does not answer is not waited for.
     *
     * @return the pool
     */
    public static ThreadPoolTaskExecutor finishing(ThreadPoolTaskExecutor pool) {
        pool.setWaitForTasksToCompleteOnShutdown(true);
        pool.setAwaitTerminationSeconds(FINISH_SECONDS);
        return pool;
    }

    /**
     * Makes threads that do one thing.
     *
     * @param name of the threads, without their numbers
     * @param use what they ask the store for, unless a task says something else
     */
    public static ThreadFactory factory(String name, StoreUse use) {
        return new CustomizableThreadFactory(name) {
            @Override
            public Thread newThread(Runnable tasks) {
                return super.newThread(() -> {
                    RequestMeter.enter(use);
                    tasks.run();
                });
            }
        };
    }

    private static ThreadPoolTaskExecutor withName(String name) {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix(name);
        pool.setTaskDecorator(RequestMeter::carry);
        return pool;
    }
}
