package dev.glimpse.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.glimpse.mcp.AgentTool.Call;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.jackson3.DefaultJsonSchemaValidator;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.mock.web.MockHttpServletRequest;
import tools.jackson.databind.json.JsonMapper;

class AgentServerTest {
    private static final McpJsonMapper JSON = new JacksonMcpJsonMapper(JsonMapper.shared());

    private final AgentServer server = new AgentServer(
            List.of(new Echo(), new Idle()),
            failure -> ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, failure.getMessage()),
            JSON,
            new DefaultJsonSchemaValidator(JsonMapper.shared()),
            "1");

    record Words(
            String text,
            @Nullable Integer limit,
            @Nullable Integer size,
            @Nullable Double share,
            @Nullable List<String> tags) {}

    /** Says what it was given. */
    private static final class Echo extends AgentTool<Words> {
        private Echo() {
            super(Words.class, Tool.builder("echo", JSON, """
                            {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {
                              "text": {"type": "string", "minLength": 1, "maxLength": 9, "description": "What to say"},
                              "limit": {"type": "integer", "minimum": 1, "maximum": 50},
                              "size": {"type": "integer", "enum": [256, 512]},
                              "share": {"type": "number", "minimum": 0, "maximum": 1},
                              "tags": {"type": "array", "maxItems": 2,
                                "items": {"type": "string", "maxLength": 3, "pattern": "^[^,]*$", "description": "Without commas"}}}}
                            """).build());
        }

        @Override
        CallToolResult call(Words words, Call call) {
            return CallToolResult.builder().addTextContent(words.toString()).build();
        }
    }

    record Nothing() {}

    private static final class Idle extends AgentTool<Nothing> {
        private Idle() {
            super(
                    Nothing.class,
                    Tool.builder("idle", JSON, "{\"type\": \"object\", \"additionalProperties\": false}")
                            .build());
        }

        @Override
        CallToolResult call(Nothing nothing, Call call) {
            return CallToolResult.builder().addTextContent("done").build();
        }
    }

    private CallToolResult call(String tool, String arguments) {
        JSONRPCRequest request = (JSONRPCRequest)
                server.parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" + tool
                        + "\",\"arguments\":" + arguments + "}}");
        MockHttpServletRequest sent = new MockHttpServletRequest();
        sent.addUserRole("read");
        return (CallToolResult) server.answer(request, new Call(sent, null)).result();
    }

    private static String text(CallToolResult result) {
        return ((TextContent) result.content().get(0)).text();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "5",
                "\"a\"",
                "[]",
                "{}",
                "",
                "{\"jsonrpc\":null,\"id\":1,\"method\":\"ping\"}",
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}",
                "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}",
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":{}}"
            })
    void whatIsNoMessageIsRefusedWithoutAnId(String message) {
        assertThatThrownBy(() -> server.parse(message))
                .asInstanceOf(type(InvalidMessageException.class))
                .satisfies(invalid -> {
                    assertThat(invalid.code()).isEqualTo(ErrorCodes.INVALID_REQUEST);
                    assertThat(invalid.id()).isNull();
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                               | text is missing: it must be a text of 1 to 9 characters (What to say)
            {"text":""}                      | text must be a text of 1 to 9 characters (What to say)
            {"text":"0123456789"}            | text must be a text of 1 to 9 characters (What to say)
            {"text":5}                       | text must be a text of 1 to 9 characters (What to say)
            {"text":"a","limit":51}          | limit must be a whole number from 1 to 50
            {"text":"a","limit":1e30}        | limit must be a whole number from 1 to 50
            {"text":"a","limit":-1e400}      | limit must be a whole number from 1 to 50
            {"text":"a","limit":1.5}         | limit must be a whole number from 1 to 50
            {"text":"a","limit":null}        | limit must be a whole number from 1 to 50
            {"text":"a","limit":"5"}         | limit must be a whole number from 1 to 50
            {"text":"a","size":300}          | size must be one of 256, 512
            {"text":"a","share":2}           | share must be a number from 0 to 1
            {"text":"a","tags":["a","b","c"]} | tags must be a list of at most 2, each a text of at most 3 characters (Without commas)
            {"text":"a","tags":["a,b"]}      | tags must be a list of at most 2, each a text of at most 3 characters (Without commas)
            {"text":"a","tags":"a"}          | tags must be a list of at most 2, each a text of at most 3 characters (Without commas)
            {"text":"a","color":"red"}       | there is no argument color; there are text, limit, size, share, tags
            """)
    void argumentThatDoesNotFitIsNamedWithWhatItMayBe(String arguments, String told) {
        CallToolResult result = call("echo", arguments);

        assertThat(result.isError()).isTrue();
        assertThat(text(result)).isEqualTo(told);
    }

    @Test
    void toolWithoutArgumentsTakesNone() {
        CallToolResult refused = call("idle", "{\"a\":1}");

        assertThat(refused.isError()).isTrue();
        assertThat(text(refused)).isEqualTo("there is no argument a; this tool takes none");
        assertThat(text(call("idle", "{}"))).isEqualTo("done");
    }

    @Test
    void argumentsThatFitReachTheTool() {
        assertThat(text(call("echo", "{\"text\":\"a\",\"limit\":50.0,\"size\":256,\"tags\":[\"b\"]}")))
                .isEqualTo("Words[text=a, limit=50, size=256, share=null, tags=[b]]");
    }
}
