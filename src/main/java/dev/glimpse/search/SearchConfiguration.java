package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SearchProperties.class)
class SearchConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SearchConfiguration.class);

    /** Larger tables are searched by Lance for a while. */
    private static final long PATIENCE_SECONDS = 3;

    private static final SearchRequest FIRST =
            // Asks for a relevance, so that the level of the table is measured first.
            new SearchRequest(List.of(new Term.Words("a picture", 1)), RowFilter.NONE, 1, false, null, 0.0);

    @Bean
    RelevanceCalibration relevanceCalibration(Models models, ImageDataset dataset, FairScheduler scheduler) {
        return new RelevanceCalibration(models, dataset, scheduler);
    }

    @Bean
    ImageSearch imageSearch(
            Models models,
            ImageDecoder decoder,
            ImageDataset dataset,
            ObjectStore store,
            FairScheduler scheduler,
            RelevanceCalibration calibration,
            MultipartProperties files,
            SearchProperties bounds) {
        long largest = files.getMaxFileSize().toBytes();
        QueryEncoder encoder =
                new QueryEncoder(models, decoder, dataset, store, new MemoryBudget(scheduler, 2 * largest), largest);
        return new ImageSearch(encoder, dataset, calibration, bounds);
    }

    @Bean
    Evaluation evaluation(ImageSearch search, ImageDataset dataset) {
        return new Evaluation(search, dataset);
    }

    /**
     * Before the server says that it is ready, so that the first who searches does not wait for what has to be opened. Waits a
     * little for the table to be in memory: of 100,000 rows it takes two seconds, in which two processors do nothing else well.
     */
    @Bean
    ApplicationRunner firstSearch(
            SearchController controller, FairScheduler scheduler, ImageDataset dataset, JsonMapper json) {
        return arguments -> {
            dataset.settled()
                    .completeOnTimeout(null, PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .join();
            try {
                Ticket ticket = scheduler.ticket(new Flow("warm-up", "", Purpose.SEARCH));
                json.writeValueAsBytes(controller.answer(FIRST, ticket).getBody());
            } catch (RuntimeException e) {
                log.warn("the first search failed: {}", e.toString());
            }
        };
    }
}
