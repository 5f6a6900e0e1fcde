package dev.glimpse.storage;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkException;

/** Says what failed where, why, and which setting to look at. Never a value of a credential. */
final class BucketFailures {
    /** What changes the bucket; the rest reads. */
    private static final Set<String> WRITES = Set.of("put", "delete", "copy");

    private static final Set<String> TOKEN_ERRORS =
            Set.of("ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "Unauthorized");

    private static final String TOKEN = "Check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY";

    private final String bucket;
    private final String endpoint;
    private final @Nullable BucketProxy proxy;

    BucketFailures(R2Properties r2) {
        this.bucket = String.valueOf(r2.bucket());
        this.endpoint = String.valueOf(r2.endpoint());
        this.proxy = BucketProxy.of(r2).orElse(null);
    }

    static boolean isWrite(String operation) {
        return WRITES.contains(operation);
    }

    /**
     * What a failure of the SDK means.
     *
     * @param operation {@code put}, {@code get}, {@code head}, {@code delete}, {@code copy} or {@code list}
     * @param key of the object, or the prefix of a listing
     */
    StoreUnavailableException of(String operation, String key, SdkException failure) {
        String what = "cannot " + operation + " " + key + " in bucket " + bucket + " at " + endpoint
                + (proxy == null ? "" : " through the proxy " + proxy.uri()) + ": ";
        return failure instanceof AwsServiceException answer
                ? answered(what, isWrite(operation), answer)
                : notAnswered(what, failure);
    }

    private StoreUnavailableException answered(String what, boolean write, AwsServiceException answer) {
        AwsErrorDetails details = answer.awsErrorDetails();
        String code = details == null || details.errorCode() == null ? "" : details.errorCode();
        int status = answer.statusCode();
        String seen = (what + status + " " + code).strip();
        if (code.equals("RequestTimeTooSkewed") || code.equals("RequestExpired")) {
            return refused(
                    seen,
                    "Set the clock of this machine: it differs too much from the bucket's",
                    "the server's clock is wrong, so the bucket refuses its requests",
                    answer);
        }
        if (code.equals("NoSuchBucket")) {
            return refused(
                    seen, "Check R2_BUCKET: there is no bucket " + bucket, "the server's bucket is not there", answer);
        }
        if (code.equals("AccessDenied") && write) {
            return refused(
                    seen,
                    "Give the token the permission Object Read & Write for this bucket",
                    "the token may not write: it needs Object Read & Write",
                    answer);
        }
        if (code.equals("AccessDenied")) {
            return refused(
                    seen,
                    "Give the token the permission Object Read & Write for this bucket, and check R2_BUCKET",
                    "the token may not read: it needs Object Read & Write",
                    answer);
        }
        if (code.equals("SignatureDoesNotMatch")) {
            return refused(seen, TOKEN + ": the secret does not belong to the id", publicTokenProblem(), answer);
        }
        if (status == 401 || status == 403 || TOKEN_ERRORS.contains(code)) {
            return refused(seen, TOKEN + ": the bucket does not accept this token", publicTokenProblem(), answer);
        }
        if (status == 407) {
            return unavailable(seen, "Check the user and password in the proxy variables", answer);
        }
        if (status == 400 && code.isEmpty() && endpoint.startsWith("http:")) {
            return unavailable(seen, "If the port speaks TLS, R2_ENDPOINT must begin with https://", answer);
        }
        return unavailable(seen, "Look whether the store has a disturbance", answer);
    }

    private static String publicTokenProblem() {
        return "the bucket does not accept the server's token";
    }

    private StoreUnavailableException notAnswered(String what, SdkException failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String where = proxy == null ? "Check R2_ENDPOINT" : "Check R2_ENDPOINT and the proxy variables";
        String text = String.valueOf(root.getMessage());
        if (root instanceof UnknownHostException) {
            return unavailable(
                    what + "there is no host of this name (" + text + ")",
                    where + ", and whether this machine can look up names",
                    failure);
        }
        if (root instanceof ConnectException) {
            return unavailable(what + "nothing listens there (" + text + ")", where + ": host and port", failure);
        }
        if (root instanceof SSLException && text.contains("Unsupported or unrecognized SSL message")) {
            return unavailable(
                    what + "the port does not speak TLS",
                    "Check R2_ENDPOINT: begin it with http:// or take another port",
                    failure);
        }
        if (root instanceof SSLException || root instanceof java.security.GeneralSecurityException) {
            return unavailable(
                    what + "no TLS connection (" + text + ")",
                    where + ", and whether this Java trusts the certificate",
                    failure);
        }
        if (root.getClass().getSimpleName().equals("NoHttpResponseException") && endpoint.startsWith("http:")) {
            return unavailable(
                    what + "the connection was closed without an answer",
                    "If the port speaks TLS, R2_ENDPOINT must begin with https://",
                    failure);
        }
        if (root instanceof SocketTimeoutException
                || root instanceof ApiCallTimeoutException
                || root instanceof ApiCallAttemptTimeoutException) {
            return unavailable(
                    what + "no answer in time (" + text + ")",
                    where + " and the network"
                            + (endpoint.startsWith("https:")
                                    ? "; if the port does not speak TLS, R2_ENDPOINT must begin with http://"
                                    : ""),
                    failure);
        }
        return unavailable(what + root.getClass().getSimpleName() + ": " + text, where, failure);
    }

    private static StoreUnavailableException unavailable(String what, String cure, SdkException cause) {
        return new StoreUnavailableException(
                new StoreProblem(what, cure + ".", StoreUnavailableException.PUBLICLY), cause);
    }

    private static StoreUnavailableException refused(String what, String cure, String publicly, SdkException cause) {
        return new StoreRefusedException(new StoreProblem(what, cure + ".", publicly), cause);
    }
}
