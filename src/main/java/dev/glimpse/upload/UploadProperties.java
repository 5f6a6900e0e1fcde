package dev.glimpse.upload;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How pictures may come in.
 *
 * @param urls whether the server fetches pictures from URLs that its clients name
 */
@ConfigurationProperties("glimpse.upload")
record UploadProperties(@DefaultValue("false") boolean urls) {}
