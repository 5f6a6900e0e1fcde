package dev.glimpse.upload;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How pictures may come in.
 *
 * @param urls whether the server fetches pictures from URLs that its clients name
 * @param files of one request, URLs included; 1 or more
 */
@ConfigurationProperties("glimpse.upload")
record UploadProperties(
        @DefaultValue("false") boolean urls,
        @DefaultValue("100") int files) {
    UploadProperties {
        if (files < 1) {
            throw new IllegalArgumentException("glimpse.upload.files must be at least 1: " + files);
        }
    }
}
