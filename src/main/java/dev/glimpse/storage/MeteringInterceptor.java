package dev.glimpse.storage;

import dev.glimpse.meters.Meters;
import dev.glimpse.storage.RequestMeter.RequestClass;
import io.micrometer.core.instrument.Timer;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;

/** Sees each try of each request, as the SDK sends it. */
final class MeteringInterceptor implements ExecutionInterceptor {
    private static final ExecutionAttribute<Long> SENT = new ExecutionAttribute<>("glimpse.sent");

    private final RequestMeter meter;
    private final Map<RequestClass, Timer> latencies = new EnumMap<>(RequestClass.class);

    MeteringInterceptor(RequestMeter meter, Meters meters) {
        this.meter = meter;
        for (RequestClass each : RequestClass.values()) {
            latencies.put(
                    each,
                    meters.timer(
                            "glimpse.store.latency",
                            "From a request to the bucket until its answer begins",
                            "class",
                            each.tag()));
        }
    }

    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
        long bytes = context.requestBody()
                .flatMap(body -> body.optionalContentLength())
                .orElse(0L);
        meter.count(classOf(context.request()), bytes);
        attributes.putAttribute(SENT, System.nanoTime());
    }

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
        Long sent = attributes.getAttribute(SENT);
        Timer latency = latencies.get(classOf(context.request()));
        if (sent != null && latency != null) {
            latency.record(System.nanoTime() - sent, TimeUnit.NANOSECONDS);
        }
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
