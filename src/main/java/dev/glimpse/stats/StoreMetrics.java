package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MemoryState;
import dev.glimpse.dataset.TableState.SearchState;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter.RequestClass;
import dev.glimpse.storage.RequestMeter.Spent;
import dev.glimpse.storage.RequestMeter.Totals;
import dev.glimpse.storage.StoreUse;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.function.ToDoubleFunction;
import org.springframework.stereotype.Component;

/** What the bucket is asked for and what the table holds, for what watches servers. */
@Component
class StoreMetrics implements MeterBinder {
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Reasons reasons;

    StoreMetrics(ObjectStore store, ImageDataset dataset, Reasons reasons) {
        this.store = store;
        this.dataset = dataset;
        this.reasons = reasons;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (StoreUse use : StoreUse.values()) {
            requests(registry, use, RequestClass.A, Spent::classA);
            requests(registry, use, RequestClass.B, Spent::classB);
            requests(registry, use, RequestClass.FREE, Spent::free);
        }
        count(registry, "glimpse.store.bytes", "direction", "up", Totals::bytesUp);
        count(registry, "glimpse.store.bytes", "direction", "down", Totals::bytesDown);
        FunctionCounter.builder(
                        "glimpse.store.dollars",
                        store,
                        from -> from.meter().totals().dollars())
                .register(registry);
        Gauge.builder("glimpse.rows", dataset, table -> table.state().committedRows())
                .tag("state", "committed")
                .register(registry);
        Gauge.builder("glimpse.rows", dataset, table -> table.state().pendingRows())
                .tag("state", "pending")
                .register(registry);
        gauge(
                registry,
                "glimpse.table.fragments.small",
                table -> table.state().maintenance().smallFragments());
        gauge(
                registry,
                "glimpse.table.rows.unindexed",
                table -> table.state().maintenance().unindexedRows());
        gauge(registry, "glimpse.table.version", table -> table.state().version());
        gauge(registry, "glimpse.table.fragments", table -> table.state().fragments());
        gauge(registry, "glimpse.table.bytes", table -> table.state().bytes());
        gauge(registry, "glimpse.table.recall", StoreMetrics::recall);
        gauge(registry, "glimpse.table.stale", table -> table.freshness().stale() ? 1 : 0);
        Gauge.builder("glimpse.table.age", dataset, StoreMetrics::age)
                .description("Time since the bucket was asked for the newest version, with success")
                .baseUnit("seconds")
                .register(registry);
        gauge(registry, "glimpse.pictures.bytes", StoreMetrics::pictureBytes);
        Gauge.builder("glimpse.health", reasons, why -> why.condition().level)
                .description("0: all is well; 1: degraded; 2: no uploads are taken")
                .register(registry);
        recent(registry, "upload", "glimpse.upload.latency");
        recent(registry, "search", "glimpse.search.latency");
        heap(registry);
        memory(registry, "arrow", MemoryState::arrow, MemoryState::arrowLimit);
        memory(registry, "lance-caches", MemoryState::lanceCaches, MemoryState::lanceCachesLimit);
        gauge(registry, "glimpse.memory.codes", table -> table.memory().codes());
        gauge(registry, "glimpse.memory.columns", table -> table.memory().columns());
        gauge(registry, "glimpse.memory.words", table -> table.memory().words());
        gauge(registry, "glimpse.memory.duplicates", table -> table.memory().duplicates());
        gauge(registry, "glimpse.words.files", table -> table.memory().wordFiles());
    }

    private void gauge(MeterRegistry registry, String name, ToDoubleFunction<ImageDataset> value) {
        Gauge.builder(name, dataset, value).register(registry);
    }

    private void memory(
            MeterRegistry registry,
            String area,
            ToDoubleFunction<MemoryState> used,
            ToDoubleFunction<MemoryState> limit) {
        Gauge.builder("glimpse.memory.used", dataset, table -> used.applyAsDouble(table.memory()))
                .tag("area", area)
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("glimpse.memory.limit", dataset, table -> limit.applyAsDouble(table.memory()))
                .tag("area", area)
                .baseUnit("bytes")
                .register(registry);
    }

    private static double recall(ImageDataset table) {
        SearchState search = table.state().search();
        Double recall = search.mode().equals("index") ? search.indexRecall() : search.recall();
        return recall == null ? Double.NaN : recall;
    }

    private static double age(ImageDataset table) {
        return Duration.between(table.freshness().asOf(), Instant.now()).toMillis() / 1e3;
    }

    private static double pictureBytes(ImageDataset table) {
        Long bytes = table.state().pictureBytes();
        return bytes == null ? Double.NaN : (double) bytes;
    }

    /** Percentiles of the last minutes, for what cannot compute them from histograms. */
    private static void recent(MeterRegistry registry, String operation, String timer) {
        Figures figures = new Figures(registry);
        for (double part : new double[] {0.5, 0.95, 0.99}) {
            Gauge.builder("glimpse.latency.recent", figures, from -> {
                        Double seconds = from.percentile(timer, part);
                        return seconds == null ? Double.NaN : seconds;
                    })
                    .description("Percentiles of the last five minutes")
                    .baseUnit("seconds")
                    .tags("operation", operation, "quantile", Double.toString(part))
                    .strongReference(true)
                    .register(registry);
        }
    }

    private static void heap(MeterRegistry registry) {
        Runtime machine = Runtime.getRuntime();
        Gauge.builder("glimpse.memory.used", machine, jvm -> jvm.totalMemory() - jvm.freeMemory())
                .tag("area", "heap")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("glimpse.memory.limit", machine, Runtime::maxMemory)
                .tag("area", "heap")
                .baseUnit("bytes")
                .register(registry);
    }

    private void requests(
            MeterRegistry registry, StoreUse use, RequestClass requestClass, ToDoubleFunction<Spent> counter) {
        FunctionCounter.builder(
                        "glimpse.store.requests",
                        store,
                        from -> counter.applyAsDouble(from.meter().spent(use)))
                .tags("class", requestClass.tag(), "purpose", use.toString())
                .register(registry);
    }

    private void count(
            MeterRegistry registry, String name, String tag, String value, ToDoubleFunction<Totals> counter) {
        FunctionCounter.builder(
                        name, store, from -> counter.applyAsDouble(from.meter().totals()))
                .tag(tag, value)
                .register(registry);
    }
}
