package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;

class FolderImageDatasetIT extends ImageDatasetContract {
    @Override
    ObjectStore newStore() {
        return TestStores.folder(temporary.resolve("data"));
    }
}
