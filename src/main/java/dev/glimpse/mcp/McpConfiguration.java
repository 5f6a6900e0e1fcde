package dev.glimpse.mcp;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.duplicates.DuplicateFinder;
import dev.glimpse.pictures.PicturePages;
import dev.glimpse.pictures.PictureViews;
import dev.glimpse.request.Problems;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch;
import dev.glimpse.stats.ServerReport;
import dev.glimpse.upload.UploadIntake;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.jackson3.DefaultJsonSchemaValidator;
import java.util.List;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

@Configuration(proxyBeanMethods = false)
class McpConfiguration {
    @Bean
    AgentServer agentServer(
            ImageSearch search,
            PictureViews views,
            PicturePages pages,
            DuplicateFinder duplicates,
            ServerReport report,
            UploadIntake intake,
            ImageDataset dataset,
            Tickets tickets,
            Problems problems,
            BuildProperties build,
            JsonMapper mapper) {
        McpJsonMapper json = new JacksonMcpJsonMapper(mapper);
        return new AgentServer(
                List.of(
                        new SearchTool(search, tickets, json),
                        new LookTool(views, dataset, tickets, json),
                        new ListTool(pages, json),
                        new DuplicatesTool(duplicates, json),
                        new StatisticsTool(report, json),
                        new UploadTool(intake, tickets, json)),
                problems,
                json,
                new DefaultJsonSchemaValidator(mapper),
                String.valueOf(build.getVersion()));
    }
}
