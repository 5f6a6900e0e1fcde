package dev.glimpse.fetch;

import java.net.InetAddress;
import java.time.Duration;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import org.springframework.util.unit.DataSize;

/** Lets a whole server fetch from 127.0.0.1, any port, and nowhere else. */
@TestConfiguration(proxyBeanMethods = false)
public class LoopbackFetches {
    @Bean
    @Primary
    UrlFetcher loopbackFetcher() {
        return fetcher(DataSize.ofMegabytes(20), Duration.ofSeconds(20));
    }

    /** Fetches from 127.0.0.1, any port, and nowhere else. */
    public static UrlFetcher fetcher(DataSize limit, Duration deadline) {
        return new UrlFetcher(
                limit,
                deadline,
                address -> address.getHostAddress().equals("127.0.0.1"),
                port -> true,
                InetAddress::getAllByName);
    }
}
