package dev.glimpse.storage;

import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/** Makes pools of threads that wait for the store. What they ask of the store is counted for the request that they work for. */
public final class StoreThreads {
    private StoreThreads() {}

    /**
     * Makes a pool, for Spring to start and to end.
     *
     * @param name of its threads, without their numbers
     * @param threads at most; idle ones end
     * @param waiting tasks at most; further ones are refused
     */
    public static ThreadPoolTaskExecutor pool(String name, int threads, int waiting) {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix(name);
        pool.setTaskDecorator(RequestMeter::carry);
        pool.setCorePoolSize(threads);
        pool.setMaxPoolSize(threads);
        pool.setQueueCapacity(waiting);
        pool.setAllowCoreThreadTimeOut(true);
        return pool;
    }
}
