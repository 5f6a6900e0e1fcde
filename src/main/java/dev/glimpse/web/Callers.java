package dev.glimpse.web;

import dev.glimpse.web.AccessProperties.ApiKey;
import jakarta.servlet.http.HttpServletRequest;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Identifies the caller of a request: by its key, or by its address if it has none. */
final class Callers {
    private static final Set<Scope> STRANGERS = EnumSet.of(Scope.READ, Scope.UPLOAD);

    /** The part of an IPv6 address that a network is given; its computers choose the rest as they like. */
    private static final int NETWORK_BYTES = 8;

    /**
     * Headers that proxies add, and programs on this machine have no reason to send: {@code Via}, {@code CDN-Loop}, {@code Forwarded},
     * {@code X-Forwarded-For} and its kin, {@code X-Real-IP}, {@code True-Client-IP}, {@code Fly-Client-IP}, {@code
     * CF-Connecting-IP}, those of Azure, Envoy, Varnish and AWS.
     */
    private static final Pattern OF_PROXIES = Pattern.compile(
            "via|cdn-loop|cf-ray|x-varnish|x-amzn-trace-id|x-envoy-.*|x-original-.*"
                    + "|.*(forwarded|client-?ip|connecting-ip|real-ip|remote-ip|proxyuser).*",
            Pattern.CASE_INSENSITIVE);

    /** Before nginx 1.29.7 {@code proxy_pass} sends HTTP/1.0 by default, and no header that tells of itself. */
    private static final Set<String> OF_PROGRAMS = Set.of("HTTP/1.1", "HTTP/2.0");

    private final AccessProperties settings;
    private final boolean behindProxy;
    private final Predicate<HttpServletRequest> trustedPeer;

    /**
     * @param behindProxy whether a proxy says where requests come from, so that none can be taken for one of this machine
     * @param trustedPeer of a request within this machine, whether its sender runs as a user who may do everything here
     */
    Callers(AccessProperties settings, boolean behindProxy, Predicate<HttpServletRequest> trustedPeer) {
        this.settings = settings;
        this.behindProxy = behindProxy;
        this.trustedPeer = trustedPeer;
    }

    boolean needKeys() {
        return !settings.keys().isEmpty();
    }

    /**
     * With keys, a caller that has none, or a wrong one, may do nothing. Without keys everyone may read and upload, and programs of this
     * machine's owner may do everything.
     */
    Caller of(HttpServletRequest request) {
        if (needKeys()) {
            String secret = secret(request);
            Optional<Map.Entry<String, ApiKey>> key = secret == null ? Optional.empty() : find(secret);
            if (key.isPresent()) {
                ApiKey found = key.get().getValue();
                Integer own = found.requestsPerMinute();
                return Caller.withKey(
                        "key:" + key.get().getKey(), found.scopes(), own == null ? settings.requestsPerMinute() : own);
            }
            return stranger(request, Set.of());
        }
        return isLocal(request)
                ? Caller.local(STRANGERS, () -> trustedPeer.test(request))
                : stranger(request, STRANGERS);
    }

    private Caller stranger(HttpServletRequest request, Set<Scope> scopes) {
        return Caller.stranger(network(request.getRemoteAddr()), scopes, settings.requestsPerMinute());
    }

    // ---- keys

    /** Browsers ask people for a name and a password: the name may be any, the password is the key. */
    static @Nullable String secret(HttpServletRequest request) {
        String key = request.getHeader("X-API-Key");
        if (key != null) {
            return key;
        }
        String authorization = request.getHeader("Authorization");
        if (authorization == null) {
            return null;
        }
        String[] schemeAndValue = authorization.strip().split(" +", 2);
        if (schemeAndValue.length < 2) {
            return "";
        }
        return switch (schemeAndValue[0].toLowerCase(Locale.ROOT)) {
            case "bearer" -> schemeAndValue[1];
            case "basic" -> password(schemeAndValue[1]);
            default -> "";
        };
    }

    private static String password(String base64) {
        try {
            String nameAndPassword = new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
            return nameAndPassword.substring(nameAndPassword.indexOf(':') + 1);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    /** Takes the same time whichever key it is, and for a wrong one. */
    private Optional<Map.Entry<String, ApiKey>> find(String secret) {
        byte[] hash = sha256(secret);
        Optional<Map.Entry<String, ApiKey>> found = Optional.empty();
        for (Map.Entry<String, ApiKey> key : settings.keys().entrySet()) {
            if (MessageDigest.isEqual(hash, key.getValue().hash())) {
                found = Optional.of(key);
            }
        }
        return found;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    // ---- places

    /**
     * Whether the request comes from a program on this machine. One that shows a sign of a proxy may come from anywhere, and so
     * may one that a page in a browser here sends to a name of its own that leads to this machine. A proxy that shows none is
     * told from a program of the owner only by the user that it runs as; see {@link PeerUsers}.
     */
    private boolean isLocal(HttpServletRequest request) {
        boolean proxied = !OF_PROGRAMS.contains(request.getProtocol())
                || Collections.list(request.getHeaderNames()).stream()
                        .anyMatch(name -> OF_PROXIES.matcher(name).matches());
        return !behindProxy
                && !proxied
                && address(request.getRemoteAddr()).isLoopbackAddress()
                && namesThisMachine(request.getServerName());
    }

    /** Whether the host that a request was sent to can be no other machine. */
    static boolean namesThisMachine(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        // Names are not looked up: whoever owns one may let it lead anywhere.
        boolean literal = name.matches("127(\\.\\d{1,3}){3}") || name.equals("[::1]") || name.equals("::1");
        return literal || name.equals("localhost") || name.endsWith(".localhost");
    }

    private static String network(String remote) {
        InetAddress address = address(remote);
        return address instanceof Inet6Address
                ? HexFormat.ofDelimiter(":").formatHex(Arrays.copyOf(address.getAddress(), NETWORK_BYTES)) + "::/64"
                : address.getHostAddress();
    }

    private static InetAddress address(String remote) {
        try {
            // Always a literal, so nothing is looked up.
            return InetAddress.getByName(remote);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("not an address: " + remote, e);
        }
    }
}
