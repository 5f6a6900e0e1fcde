package dev.glimpse.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.sources.ChangeMessage.Change;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeMessageTest {
    private static List<Change> parse(String json) {
        return ChangeMessage.parse(JsonBody.parse(json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void keysOfS3AreDecoded() {
        assertThat(parse("""
                                {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "p/a+b%2Bc.png"}}},
                                             {"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}, "object": {"key": "p/%C3%A4.png"}}}]}
                                """)).containsExactly(new Change("b", "p/a b+c.png"), new Change("b", "p/ä.png"));
    }

    @Test
    void keysOfR2AndEventBridgeAreAsTheyAre() {
        assertThat(parse("""
                                [{"account": "x", "action": "PutObject", "bucket": "b", "object": {"key": "p/a+b%2B.png", "size": 1, "eTag": "e"}},
                                 {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "p/c+d.png"}}},
                                 {"id": "1", "body": {"action": "DeleteObject", "bucket": "b", "object": {"key": "p/e.png"}}}]
                                """))
                .containsExactly(
                        new Change("b", "p/a+b%2B.png"), new Change("b", "p/c+d.png"), new Change("b", "p/e.png"));
    }

    @Test
    void messageInAMessageOfSnsCounts() {
        assertThat(
                        parse(
                                "{\"Type\": \"Notification\", \"Message\": \"{\\\"Records\\\": [{\\\"s3\\\": {\\\"object\\\": {\\\"key\\\": \\\"p/a.png\\\"}}}]}\"}"))
                .containsExactly(new Change(null, "p/a.png"));
    }

    @Test
    void messageThatS3SendsAsATestNamesNothing() {
        assertThat(parse("{\"Service\": \"Amazon S3\", \"Event\": \"s3:TestEvent\", \"Bucket\": \"b\"}"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"object\": {}}",
                "{\"Records\": [{}]}",
                "[1]",
                "\"text\"",
                "{\"Message\": \"no JSON\"}",
                "{\"Records\": [{\"s3\": {\"object\": {\"key\": \"%zz\"}}}]}"
            })
    void messageThatNamesNoObjectIsRefused(String json) {
        assertThatThrownBy(() -> parse(json)).isInstanceOf(InvalidQueryException.class);
    }
}
