package dev.glimpse;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The environment as native libraries see it. Lance takes each variable that has the name of an option of its S3 client for
 * that option, with {@code AWS_} before it or without, in upper or lower case, and {@code HTTPS_PROXY} and the like as well.
 * Its options are those that the settings say, and no others: so these variables are removed before Lance is loaded.
 *
 * <p>{@link System#getenv} still has them, as Java keeps a copy of its own.
 */
public final class NativeEnvironment {
    /** Beginnings of the names that one family of cloud clients reads. */
    private static final List<String> FAMILIES = List.of("aws_", "azure_", "google_", "object_store_");

    /** Lance is told the proxy, see {@link dev.glimpse.storage.BucketProxy}. */
    private static final Set<String> PROXIES = Set.of("http_proxy", "https_proxy", "all_proxy", "no_proxy");

    /** Options of object_store 0.13 for S3 and for its HTTP client, without {@code aws_}. */
    private static final Set<String> OPTIONS = Set.of(
            "access_key_id",
            "allow_http",
            "allow_http2",
            "allow_invalid_certificates",
            "bucket",
            "bucket_name",
            "checksum_algorithm",
            "conditional_put",
            "connect_timeout",
            "container_authorization_token_file",
            "container_credentials_full_uri",
            "container_credentials_relative_uri",
            "copy_if_not_exists",
            "default_content_type",
            "default_region",
            "disable_bulk_delete",
            "disable_tagging",
            "endpoint",
            "endpoint_url",
            "endpoint_url_s3",
            "endpoint_url_sts",
            "http1_only",
            "http2_keep_alive_interval",
            "http2_keep_alive_timeout",
            "http2_keep_alive_while_idle",
            "http2_max_frame_size",
            "http2_only",
            "imdsv1_fallback",
            "metadata_endpoint",
            "pool_idle_timeout",
            "pool_max_idle_per_host",
            "provider_scheme",
            "proxy_ca_certificate",
            "proxy_excludes",
            "proxy_url",
            "randomize_addresses",
            "read_timeout",
            "region",
            "request_payer",
            "role_arn",
            "role_session_name",
            "s3_express",
            "secret_access_key",
            "server_side_encryption",
            "session_token",
            "skip_signature",
            "sse_bucket_key_enabled",
            "sse_customer_key_base64",
            "sse_kms_key_id",
            "timeout",
            "token",
            "unsigned_payload",
            "use_opendal",
            "user_agent",
            "virtual_hosted_style_request",
            "web_identity_token_file");

    private NativeEnvironment() {}

    /** Those of these variables that must not reach Lance, in order. */
    public static List<String> foreign(Collection<String> variables) {
        return variables.stream().filter(NativeEnvironment::isForeign).sorted().toList();
    }

    private static boolean isForeign(String variable) {
        String name = variable.toLowerCase(Locale.ROOT);
        return FAMILIES.stream().anyMatch(name::startsWith) || PROXIES.contains(name) || OPTIONS.contains(name);
    }

    /**
     * Removes variables from the environment of this process. To be called before other threads may read it, since the C
     * library has no lock for that.
     *
     * @throws NativeEnvironmentException if that is not possible
     */
    public static void remove(List<String> variables) {
        if (variables.isEmpty()) {
            return;
        }
        try {
            Function unset = NativeLibrary.getProcess().getFunction("unsetenv");
            for (String variable : variables) {
                if (unset.invokeInt(new Object[] {variable}) != 0) {
                    throw new NativeEnvironmentException(variables, null);
                }
            }
        } catch (LinkageError e) {
            throw new NativeEnvironmentException(variables, e);
        }
    }
}
