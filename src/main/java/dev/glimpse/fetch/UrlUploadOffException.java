package dev.glimpse.fetch;

/** A URL where none are taken. */
public class UrlUploadOffException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UrlUploadOffException() {
        super("this server fetches no pictures from URLs; glimpse.upload.urls=true (GLIMPSE_UPLOAD_URLS) allows it to");
    }
}
