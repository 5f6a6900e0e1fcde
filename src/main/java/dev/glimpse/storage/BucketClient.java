package dev.glimpse.storage;

import dev.glimpse.meters.Meters;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.defaultsmode.DefaultsMode;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.apache5.ProxyConfiguration;
import software.amazon.awssdk.http.auth.aws.signer.RegionSet;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;

/**
 * Makes the S3 client. Each option for which the SDK would look into the environment, system properties or {@code ~/.aws} is
 * set here, so none of them has an effect.
 */
final class BucketClient {
    /** Attempts of each call. The SDK makes them, with growing pauses between them. */
    static final int ATTEMPTS = 3;

    /** Above what uploads, the committer and a replica that catches up usually need at once. */
    private static final int CONNECTIONS = 128;

    private BucketClient() {}

    /**
     * @param attempt how long one attempt of a call without many bytes may take
     * @param meters get what requests take
     */
    static S3Client open(R2Properties r2, Duration attempt, RequestMeter meter, Meters meters) {
        forgetProfileFiles();
        ProfileFile noProfiles = ProfileFile.aggregator().build();
        return S3Client.builder()
                .endpointOverride(r2.uri())
                .region(Region.of(r2.region()))
                .sigv4aSigningRegionSet(RegionSet.create(r2.region()))
                .credentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(r2.accessKeyId(), r2.secretAccessKey())))
                .defaultsMode(DefaultsMode.LEGACY)
                .dualstackEnabled(false)
                .fipsEnabled(false)
                .useArnRegion(false)
                .disableMultiRegionAccessPoints(true)
                .disableS3ExpressSessionAuth(true)
                .crossRegionAccessEnabled(false)
                .httpClientBuilder(Apache5HttpClient.builder()
                        .maxConnections(CONNECTIONS)
                        .connectionTimeout(attempt)
                        .connectionAcquisitionTimeout(attempt)
                        .socketTimeout(attempt)
                        .proxyConfiguration(proxy(BucketProxy.of(r2).orElse(null))))
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .forcePathStyle(true)
                .serviceConfiguration(S3Configuration.builder()
                        .chunkedEncodingEnabled(false)
                        // It would cost a put of more than 1 MB another round trip.
                        .expectContinueEnabled(false)
                        .build())
                .overrideConfiguration(config -> config.addExecutionInterceptor(new MeteringInterceptor(meter, meters))
                        .defaultProfileFile(noProfiles)
                        .defaultProfileName("default")
                        .appId("glimpse")
                        .compressionConfiguration(compression ->
                                compression.requestCompressionEnabled(false).minimumCompressionThresholdInBytes(10_240))
                        .apiCallAttemptTimeout(attempt)
                        .apiCallTimeout(attempt.multipliedBy(ATTEMPTS))
                        // The client adds AWS's conditions to it. AwsRetryStrategy would read the environment.
                        .retryStrategy(DefaultRetryStrategy.standardStrategyBuilder()
                                .maxAttempts(ATTEMPTS)
                                .retryOnException(BucketClient::isContention)
                                .build()))
                .build();
    }

    /**
     * The builder reads the profile files, and fails if one is malformed, before it looks at the option that says that there are
     * none. A path that is no regular file is not read; these properties count more than variables and {@code ~/.aws}.
     */
    private static void forgetProfileFiles() {
        System.setProperty("aws.configFile", "/dev/null");
        System.setProperty("aws.sharedCredentialsFile", "/dev/null");
    }

    private static ProxyConfiguration proxy(@Nullable BucketProxy proxy) {
        ProxyConfiguration.Builder settings =
                ProxyConfiguration.builder().useSystemPropertyValues(false).useEnvironmentVariableValues(false);
        if (proxy != null) {
            settings.endpoint(proxy.uri());
            String user = proxy.user();
            if (user != null) {
                int colon = user.indexOf(':');
                settings.username(decode(colon < 0 ? user : user.substring(0, colon)))
                        .password(colon < 0 ? "" : decode(user.substring(colon + 1)))
                        .preemptiveBasicAuthenticationEnabled(true);
            }
        }
        return settings.build();
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Two conditional puts of one key at the same time: S3 asks the one to try again, and then says who won. */
    private static boolean isContention(Throwable failure) {
        return failure instanceof AwsServiceException answer && answer.statusCode() == 409;
    }
}
