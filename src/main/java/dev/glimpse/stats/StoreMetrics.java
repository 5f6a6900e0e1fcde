package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MemoryState;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter.Totals;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;
import org.springframework.stereotype.Component;

/** What the bucket is asked for and what the table holds, for what watches servers. */
@Component
class StoreMetrics implements MeterBinder {
    private final ObjectStore store;
    private final ImageDataset dataset;

    StoreMetrics(ObjectStore store, ImageDataset dataset) {
        this.store = store;
        this.dataset = dataset;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        count(registry, "glimpse.store.requests", "class", "a", Totals::classA);
        count(registry, "glimpse.store.requests", "class", "b", Totals::classB);
        count(registry, "glimpse.store.requests", "class", "free", Totals::free);
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
        gauge(registry, "glimpse.table.stale", table -> table.freshness().stale() ? 1 : 0);
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

    private void count(
            MeterRegistry registry, String name, String tag, String value, ToDoubleFunction<Totals> counter) {
        FunctionCounter.builder(
                        name, store, from -> counter.applyAsDouble(from.meter().totals()))
                .tag(tag, value)
                .register(registry);
    }
}
