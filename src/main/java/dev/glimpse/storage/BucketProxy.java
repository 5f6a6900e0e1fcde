package dev.glimpse.storage;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP proxy on the way to the bucket. The S3 client and Lance each read the environment's proxy variables by rules of their own. So the
 * variables are read here once, and both are told the result.
 *
 * <p>{@code HTTPS_PROXY} names the proxy for an {@code https} endpoint, {@code HTTP_PROXY} that for an {@code http} endpoint. If this
 * variable is not set, {@code ALL_PROXY} names it. A variable in lower case counts more than the same one in capitals. There is no proxy
 * for this machine and for the hosts in {@code NO_PROXY}.
 *
 * @param uri {@code http://host:port}, or {@code https} to talk to the proxy itself over TLS
 * @param user name and password, as in {@code user:password}; null if the proxy wants none
 */
public record BucketProxy(URI uri, @Nullable String user) {
    private static final String RULE = " must be http://host:port or http://user:password@host:port";

    /**
     * The proxy that this process' environment sets for the bucket's endpoint.
     *
     * @throws StorageSettingsException if the variable that applies is malformed
     */
    public static Optional<BucketProxy> of(R2Properties r2) {
        return of(r2.uri(), System.getenv());
    }

    static Optional<BucketProxy> of(URI endpoint, Map<String, String> environment) {
        String host = bare(endpoint.getHost());
        if (isThisMachine(host) || isExcluded(host, endpoint.getPort(), value(environment, "NO_PROXY"))) {
            return Optional.empty();
        }
        String scheme = endpoint.getScheme().toUpperCase(Locale.ROOT);
        for (String name : List.of(scheme + "_PROXY", "ALL_PROXY")) {
            String value = value(environment, name);
            if (!value.isEmpty()) {
                return Optional.of(parse(name, value));
            }
        }
        return Optional.empty();
    }

    private static String value(Map<String, String> environment, String name) {
        String lower =
                environment.getOrDefault(name.toLowerCase(Locale.ROOT), "").strip();
        return lower.isEmpty() ? environment.getOrDefault(name, "").strip() : lower;
    }

    /** The messages never repeat the value: there may be a password in it. */
    private static BucketProxy parse(String variable, String value) {
        URI uri;
        try {
            uri = new URI(value.contains("://") ? value : "http://" + value);
        } catch (URISyntaxException e) {
            throw malformed(variable);
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (scheme.startsWith("socks")) {
            throw new StorageSettingsException(
                    variable + " names a SOCKS proxy, and the bucket can only be reached through an HTTP proxy.",
                    "Set it to http://host:port, or put the bucket's host into NO_PROXY.");
        }
        boolean path = !uri.getRawPath().isEmpty() && !uri.getRawPath().equals("/");
        if (!(scheme.equals("http") || scheme.equals("https"))
                || uri.getHost() == null
                || path
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            throw malformed(variable);
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("https") ? 443 : 80;
        if (port == 0 || port > 65_535) {
            throw malformed(variable);
        }
        return new BucketProxy(URI.create(scheme + "://" + uri.getHost() + ":" + port), uri.getRawUserInfo());
    }

    private static StorageSettingsException malformed(String variable) {
        return new StorageSettingsException(
                variable + RULE + ", and it is something else.",
                "Correct it, unset it, or put the bucket's host into NO_PROXY.");
    }

    private static String bare(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
    }

    private static boolean isThisMachine(String host) {
        return host.equals("localhost")
                || host.endsWith(".localhost")
                || literal(host).filter(InetAddress::isLoopbackAddress).isPresent();
    }

    /** Reads the list of exceptions as curl does: a name also means all names below it, and an address may be a network like 10.0.0.0/8. */
    private static boolean isExcluded(String host, int port, String list) {
        for (String item : list.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
            String name = item.replaceFirst("^\\*?\\.", "");
            if (port >= 0 && name.endsWith(":" + port)) {
                name = name.substring(0, name.lastIndexOf(':'));
            }
            name = name.startsWith("[") && name.endsWith("]") ? bare(name) : name;
            if (!name.isEmpty()
                    && (name.equals("*")
                            || host.equals(name)
                            || (literal(host).isEmpty() && host.endsWith("." + name))
                            || isInNetwork(host, name))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isInNetwork(String host, String network) {
        int slash = network.indexOf('/');
        Optional<InetAddress> address = literal(host);
        if (slash < 0 || address.isEmpty() || !network.substring(slash + 1).matches("\\d{1,3}")) {
            return false;
        }
        byte[] one = address.get().getAddress();
        byte[] other = literal(network.substring(0, slash))
                .map(InetAddress::getAddress)
                .orElse(new byte[0]);
        int bits = Integer.parseInt(network.substring(slash + 1));
        if (one.length != other.length || bits > 8 * one.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> (bit % 8);
            if ((one[bit / 8] & mask) != (other[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    /** The address that this text is; empty if it is a name. Never looks up a name. */
    private static Optional<InetAddress> literal(String text) {
        if (!text.matches("\\d{1,3}(\\.\\d{1,3}){3}") && !text.matches("[0-9a-f:.]*:[0-9a-f:.]*")) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(text));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** The URL of the proxy with the credentials, for Lance. Never show it. */
    public String withCredentials() {
        return user == null ? uri.toString() : uri.getScheme() + "://" + user + "@" + uri.getRawAuthority();
    }

    /** The URL of the proxy without the credentials. */
    @Override
    public String toString() {
        return "BucketProxy[" + uri + "]";
    }
}
