package dev.glimpse.storage;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Writes the body of a GET to a file. The SDK calls it once for each attempt, and each attempt writes the file anew. It tells a store that
 * breaks off, which the SDK tries again, from a disk that cannot be written, which it does not.
 */
final class BodyToFile implements ResponseTransformer<GetObjectResponse, GetObjectResponse> {
    private final Path file;

    BodyToFile(Path file) {
        this.file = file;
    }

    /** The failure of the disk that ended the request; empty if it was the store that failed. */
    static Optional<IOException> failureOfTheDisk(SdkException failure) {
        return failure.getCause() instanceof DiskFailure disk && disk.getCause() instanceof IOException cause
                ? Optional.of(cause)
                : Optional.empty();
    }

    @Override
    public GetObjectResponse transform(GetObjectResponse response, AbortableInputStream stored) throws DiskFailure {
        // Not a channel: the SDK ends a slow attempt by an interrupt, which would look like a failure of the disk.
        try (OutputStream out = new FileOutputStream(file.toFile())) {
            byte[] buffer = new byte[1 << 16];
            long written = 0;
            for (int n = read(stored, buffer); n >= 0; n = read(stored, buffer)) {
                out.write(buffer, 0, n);
                written += n;
            }
            if (written != response.contentLength()) {
                throw RetryableException.create("got " + written + " of " + response.contentLength() + " bytes");
            }
        } catch (IOException e) {
            stored.abort();
            throw new DiskFailure(e);
        }
        return response;
    }

    private static int read(InputStream stored, byte[] buffer) {
        try {
            return stored.read(buffer);
        } catch (IOException e) {
            throw RetryableException.create("the answer broke off", e);
        }
    }

    /** Carries a failure of the disk through the SDK. */
    private static final class DiskFailure extends IOException {
        private static final long serialVersionUID = 1L;

        DiskFailure(IOException cause) {
            super(cause);
        }
    }
}
