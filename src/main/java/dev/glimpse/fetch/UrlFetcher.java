package dev.glimpse.fetch;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.springframework.util.unit.DataSize;

/**
 * Fetches pictures from the internet for clients that must not reach through us what they could not reach themselves: this
 * machine, its network, the metadata of its cloud. Safe for use by several threads.
 *
 * <p>Addresses are checked where the client looks names up, of redirects too, and it connects to what that look-up has
 * returned. So no name can have another address by the time of the connection.
 */
public final class UrlFetcher implements AutoCloseable {
    private static final int MAX_URL_LENGTH = 2_000;
    private static final int MAX_REDIRECTS = 5;
    private static final Set<Integer> PORTS = Set.of(80, 443);
    private static final int LAST_PORT = 65_535;
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final Duration CONNECT = Duration.ofSeconds(5);

    /** Servers need far less; without these bounds one endless header fills the memory. */
    private static final Http1Config HEAD =
            Http1Config.custom().setMaxLineLength(8_192).setMaxHeaderCount(100).build();

    private static final Set<Integer> REDIRECTS = Set.of(
            HttpStatus.SC_MOVED_PERMANENTLY,
            HttpStatus.SC_MOVED_TEMPORARILY,
            HttpStatus.SC_SEE_OTHER,
            HttpStatus.SC_TEMPORARY_REDIRECT,
            HttpStatus.SC_PERMANENT_REDIRECT);

    private final DataSize limit;
    private final Duration deadline;
    private final IntPredicate ports;
    private final CloseableHttpClient client;

    /** What {@link InetAddress#getAllByName} does. */
    interface Names {
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    /** @param limit of what comes from one URL */
    public UrlFetcher(DataSize limit) {
        this(limit, DEADLINE, PublicAddresses::isPublic, PORTS::contains, InetAddress::getAllByName);
    }

    /**
     * For programs whose user has chosen the URLs, and may reach everything that they can: asks any address, on any port.
     *
     * @param limit of what comes from one URL
     */
    public static UrlFetcher ofAnyAddress(DataSize limit) {
        return new UrlFetcher(limit, DEADLINE, address -> true, port -> true, InetAddress::getAllByName);
    }

    /**
     * @param deadline of a fetch with all its redirects; only the look-up of a name is not cut by it
     * @param allowed addresses that may be connected to
     * @param ports that a URL may name
     */
    UrlFetcher(DataSize limit, Duration deadline, Predicate<InetAddress> allowed, IntPredicate ports, Names names) {
        this.limit = limit;
        this.deadline = deadline;
        this.ports = ports;
        this.client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setDnsResolver(resolver(names, allowed))
                        .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                                .http1Config(HEAD)
                                .build())
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(CONNECT.toMillis(), TimeUnit.MILLISECONDS)
                                .build())
                        .build())
                .setConnectionReuseStrategy((request, response, context) -> false)
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setAuthenticationEnabled(false)
                        .setProtocolUpgradeEnabled(false)
                        .build())
                .setUserAgent("Glimpse")
                .disableRedirectHandling() // each is checked here like the first URL
                .disableAutomaticRetries()
                .disableContentCompression() // so that a few bytes cannot become many
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    /** Literal addresses, however they are spelled, come here like names. */
    private static DnsResolver resolver(Names names, Predicate<InetAddress> allowed) {
        return new DnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                InetAddress[] addresses = names.addresses(host);
                if (!Stream.of(addresses).allMatch(allowed)) {
                    throw new UnknownHostException(host);
                }
                return addresses;
            }

            @Override
            public String resolveCanonicalHostname(String host) {
                return host;
            }
        };
    }

    /** The most bytes that a fetch returns. */
    public DataSize limit() {
        return limit;
    }

    /**
     * Reads a URL, with or without characters beyond ASCII.
     *
     * @throws UrlNotFetchedException if it is no URL, or a very long one
     */
    public static URI parse(String url) {
        if (url.length() > MAX_URL_LENGTH) {
            throw new UrlNotFetchedException(
                    "the URL has " + url.length() + " characters; at most " + MAX_URL_LENGTH + " are taken");
        }
        try {
            return new URI(new URI(url.strip()).toASCIIString());
        } catch (URISyntaxException e) {
            throw new UrlNotFetchedException("not a URL: " + e.getReason() + " at character " + e.getIndex(), e);
        }
    }

    /**
     * What is at the URL, which may be anything. Not unpacked, if it is compressed.
     *
     * @throws UrlNotFetchedException if the URL is not one of http or https on a usual port, if its name has an address
     *     that is not public or none, if the server cannot be reached, answers with another status than 200 or takes
     *     longer than the deadline; and if a redirect leads to such a URL, or from https to http, or is the sixth
     * @throws UrlTooLargeException if more than the limit comes
     */
    public byte[] fetch(URI url) {
        CompletableFuture<Void> end =
                new CompletableFuture<Void>().completeOnTimeout(null, deadline.toNanos(), TimeUnit.NANOSECONDS);
        try {
            return fetch(url, MAX_REDIRECTS, end);
        } finally {
            end.cancel(false);
        }
    }

    private byte[] fetch(URI url, int redirects, CompletableFuture<Void> end) {
        requireAllowed(url);
        HttpGet request = request(url);
        Future<?> unused = end.thenRunAsync(request::cancel);
        URI target;
        try {
            ClassicHttpResponse response = client.executeOpen(null, request, null);
            Header location = response.getFirstHeader(HttpHeaders.LOCATION);
            if (!REDIRECTS.contains(response.getCode()) || location == null) {
                return body(url, response);
            }
            target = target(url, location.getValue());
        } catch (IOException | IllegalStateException | IllegalArgumentException e) {
            // The second of a request that is cancelled between two steps, the third of what the client does not take.
            throw new UrlNotFetchedException(url.getHost() + " " + reason(e, end), e);
        } finally {
            request.cancel(); // closing the response would read the rest of it
        }
        if (redirects == 0) {
            throw new UrlNotFetchedException(url.getHost() + " redirects after " + MAX_REDIRECTS + " redirects");
        }
        return fetch(target, redirects - 1, end);
    }

    private static HttpGet request(URI url) {
        try {
            return new HttpGet(url);
        } catch (IllegalArgumentException e) {
            throw new UrlNotFetchedException(url.getHost() + " is not asked: no request can be made of the URL", e);
        }
    }

    private void requireAllowed(URI url) {
        if (!"http".equalsIgnoreCase(url.getScheme()) && !"https".equalsIgnoreCase(url.getScheme())) {
            throw new UrlNotFetchedException("only URLs of http and https are fetched");
        }
        String host = url.getHost();
        if (host == null) {
            throw new UrlNotFetchedException("the URL names no host");
        }
        if (url.getRawUserInfo() != null) {
            throw new UrlNotFetchedException(host + " is not asked: the URL has a user name");
        }
        if (url.getPort() > LAST_PORT) {
            throw new UrlNotFetchedException(host + " is not asked: there is no port " + url.getPort());
        }
        if (url.getPort() != -1 && !ports.test(url.getPort())) {
            throw new UrlNotFetchedException(host + " is not asked: ports are 80 and 443, not " + url.getPort());
        }
        if (url.getRawPath().startsWith("//")) { // the HTTP client makes no request of it
            throw new UrlNotFetchedException(host + " is not asked: the URL's path begins with two slashes");
        }
    }

    private byte[] body(URI url, ClassicHttpResponse response) throws IOException {
        if (response.getCode() != HttpStatus.SC_OK) {
            throw new UrlNotFetchedException(url.getHost() + " answers with status " + response.getCode());
        }
        HttpEntity entity = response.getEntity();
        int most = Math.toIntExact(limit.toBytes());
        byte[] bytes = entity == null ? new byte[0] : entity.getContent().readNBytes(most + 1);
        if (bytes.length > most) {
            throw new UrlTooLargeException(
                    url.getHost() + " sends more than " + most + " bytes, which is the most that a file may have");
        }
        return bytes;
    }

    /** From https to https only: who asked for it gets nothing that others could have changed on the way. */
    static URI target(URI from, String location) {
        URI target = from.resolve(parse(location));
        if ("https".equalsIgnoreCase(from.getScheme()) && "http".equalsIgnoreCase(target.getScheme())) {
            throw new UrlNotFetchedException(from.getHost() + " redirects from https to http");
        }
        return target;
    }

    /**
     * Why a fetch failed. The reason is one for names without an address and for addresses that are refused, so that nobody learns
     * which names there are.
     */
    private String reason(Exception failure, Future<?> end) {
        if (end.isDone()) {
            return "takes longer than " + deadline.toSeconds() + " s";
        }
        if (failure instanceof UnknownHostException) {
            return "has no address, or one that is not public";
        }
        if (failure instanceof ConnectException || failure instanceof SocketTimeoutException) {
            return "cannot be reached";
        }
        if (failure instanceof SSLException) {
            return "offers no TLS that is trusted";
        }
        return "breaks off, or does not speak HTTP";
    }

    /** Breaks off what is being fetched. */
    @Override
    public void close() {
        client.close(CloseMode.IMMEDIATE);
    }
}
