package dev.glimpse.storage;

import java.io.Serializable;

/**
 * What is wrong with the store.
 *
 * @param what happened, for the log and for administrators: names bucket, endpoint and keys, never a credential
 * @param cure what the operator can do, a sentence
 * @param publicly the same for anyone who may call the server: names no bucket, no endpoint and no path
 */
public record StoreProblem(String what, String cure, String publicly) implements Serializable {
    /** What happened, and what the operator can do. */
    public String message() {
        return what + ". " + cure;
    }
}
