package dev.glimpse.web;

import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The sender of a request. */
final class Caller {
    private final String name;
    private final Set<Scope> scopes;
    private final BooleanSupplier known;
    private final boolean ownsTheServer;
    private final @Nullable Integer requestsPerMinute;

    private Caller(
            String name,
            Set<Scope> scopes,
            BooleanSupplier known,
            boolean ownsTheServer,
            @Nullable Integer requestsPerMinute) {
        this.name = name;
        this.scopes = scopes;
        this.known = known;
        this.ownsTheServer = ownsTheServer;
        this.requestsPerMinute = requestsPerMinute;
    }

    /** A caller with a key. */
    static Caller withKey(String name, Set<Scope> scopes, int requestsPerMinute) {
        return new Caller(name, scopes, () -> true, false, requestsPerMinute);
    }

    /** A caller that nothing is known of but its address. */
    static Caller stranger(String address, Set<Scope> scopes, int requestsPerMinute) {
        return new Caller(address, scopes, () -> false, false, requestsPerMinute);
    }

    /**
     * A program on this machine. Its requests are not counted.
     *
     * @param scopes that it has in any case
     * @param owner whether the user that owns the server process runs the program, which gives it all scopes. It is called only when the
     *     answer matters, because it may take milliseconds
     */
    static Caller local(Set<Scope> scopes, BooleanSupplier owner) {
        return new Caller("local", scopes, owner, true, null);
    }

    /** The name of the key, or the address. It is used in the log and for counting. */
    String name() {
        return name;
    }

    /** Whether it has a key, or needs none because it is the owner's. */
    boolean isKnown() {
        return known.getAsBoolean();
    }

    boolean may(Scope scope) {
        return scopes.contains(scope) || (ownsTheServer && isKnown());
    }

    /** The limit of its requests. Null if they are not counted. */
    @Nullable Integer requestsPerMinute() {
        return requestsPerMinute;
    }
}
