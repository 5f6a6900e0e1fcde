package dev.glimpse.storage;

import dev.glimpse.storage.RequestMeter.RequestClass;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;

/** Sees each try of each request, as the SDK sends it. */
final class MeteringInterceptor implements ExecutionInterceptor {
    private final RequestMeter meter;

    MeteringInterceptor(RequestMeter meter) {
        this.meter = meter;
    }

    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
        long bytes = context.requestBody()
                .flatMap(body -> body.optionalContentLength())
                .orElse(0L);
        meter.count(classOf(context.request()), bytes);
    }

    private static RequestClass classOf(SdkRequest request) {
        if (request instanceof GetObjectRequest || request instanceof HeadObjectRequest) {
            return RequestClass.B;
        }
        return request instanceof DeleteObjectRequest ? RequestClass.FREE : RequestClass.A;
    }

    @Override
    public Optional<InputStream> modifyHttpResponseContent(
            Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
        return context.responseBody().map(Counting::new);
    }

    private final class Counting extends FilterInputStream {
        Counting(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            if (read >= 0) {
                meter.received(1);
            }
            return read;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            if (read > 0) {
                meter.received(read);
            }
            return read;
        }
    }
}
