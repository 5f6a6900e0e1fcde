package dev.glimpse.bulk.source;

import java.nio.file.Path;

/** One picture. */
record SingleSource(Path file) implements Source {
    @Override
    public void read(Sink sink) throws InterruptedException {
        sink.file(String.valueOf(file.getFileName()), file);
    }

    @Override
    public double share() {
        return 1;
    }

    @Override
    public void close() {}
}
