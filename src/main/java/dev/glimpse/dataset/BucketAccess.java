package dev.glimpse.dataset;

import dev.glimpse.storage.R2Properties;
import java.util.Map;

/**
 * How Lance reads the table in the bucket by itself, where it is not copied.
 *
 * @param options credentials among them, so never to be shown
 */
record BucketAccess(String uri, Map<String, String> options) {
    static BucketAccess of(R2Properties r2, String key) {
        String endpoint = String.valueOf(r2.endpoint());
        return new BucketAccess(
                "s3://" + r2.bucket() + "/" + key,
                Map.ofEntries(
                        Map.entry("aws_endpoint", endpoint),
                        Map.entry("aws_access_key_id", String.valueOf(r2.accessKeyId())),
                        Map.entry("aws_secret_access_key", String.valueOf(r2.secretAccessKey())),
                        Map.entry("aws_region", "auto"),
                        Map.entry("aws_virtual_hosted_style_request", "false"),
                        Map.entry("allow_http", Boolean.toString(endpoint.startsWith("http:"))),
                        // A search has ten seconds; Lance tries some six times as long as this says.
                        Map.entry("timeout", "5s"),
                        Map.entry("connect_timeout", "2s"),
                        Map.entry("client_max_retries", "1")));
    }

    @Override
    public String toString() {
        return "BucketAccess[" + uri + "]";
    }
}
