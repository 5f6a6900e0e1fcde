package dev.glimpse.testing;

import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What a bucket answers to a listing. */
final class ListingXml {
    private ListingXml() {}

    /** @param next token of the next page; null if this is the last one */
    static String of(List<S3Object> objects, @Nullable String next) {
        StringBuilder xml = new StringBuilder("<ListBucketResult><IsTruncated>" + (next != null) + "</IsTruncated>");
        if (next != null) {
            xml.append("<NextContinuationToken>").append(escaped(next)).append("</NextContinuationToken>");
        }
        for (S3Object object : objects) {
            xml.append("<Contents><Key>")
                    .append(escaped(object.key()))
                    .append("</Key><LastModified>")
                    .append(object.lastModified().truncatedTo(ChronoUnit.SECONDS))
                    .append("</LastModified><ETag>")
                    .append(object.eTag())
                    .append("</ETag><Size>")
                    .append(object.size())
                    .append("</Size></Contents>");
        }
        return xml.append("</ListBucketResult>").toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
