package dev.glimpse.dataset.lance;

import dev.glimpse.storage.BucketProxy;
import dev.glimpse.storage.R2Properties;
import java.util.HashMap;
import java.util.Map;

/**
 * How Lance reads the table in the bucket by itself, where it is not copied.
 *
 * @param options credentials among them, so never to be shown
 */
public record BucketAccess(String uri, Map<String, String> options) {
    /** What the environment sets besides does not reach Lance, see {@code NativeEnvironment}; so the proxy is told to it. */
    public static BucketAccess of(R2Properties r2, String key) {
        String endpoint = String.valueOf(r2.endpoint());
        Map<String, String> options = new HashMap<>(Map.of(
                "aws_endpoint",
                endpoint,
                "aws_access_key_id",
                String.valueOf(r2.accessKeyId()),
                "aws_secret_access_key",
                String.valueOf(r2.secretAccessKey()),
                "aws_region",
                r2.region(),
                "aws_virtual_hosted_style_request",
                "false",
                "allow_http",
                Boolean.toString(endpoint.startsWith("http:")),
                // A search has ten seconds; Lance tries some six times as long as this says.
                "timeout",
                "5s",
                "connect_timeout",
                "2s",
                "client_max_retries",
                "1"));
        BucketProxy.of(r2).ifPresent(proxy -> options.put("proxy_url", proxy.withCredentials()));
        return new BucketAccess("s3://" + r2.bucket() + "/" + key, Map.copyOf(options));
    }

    @Override
    public String toString() {
        return "BucketAccess[" + uri + "]";
    }
}
