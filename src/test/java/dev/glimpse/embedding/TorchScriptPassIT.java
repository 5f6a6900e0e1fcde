package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Forward passes of the image encoder in {@code models/mini-clip}; an input is one shade of grey. */
class TorchScriptPassIT {
    static final int SIZE = 64;

    static ZooModel<NDList, NDList> model;

    @BeforeAll
    static void load() throws Exception {
        model = Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optModelPath(Path.of("models/mini-clip"))
                .optModelName("image-encoder")
                .optEngine("PyTorch")
                .optDevice(Device.cpu())
                .optTranslator(new NoopTranslator())
                .build()
                .loadModel();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static TorchScriptPass<Integer> pass(int dimension) {
        return new TorchScriptPass<>(
                model,
                null,
                (manager, shades) -> new NDList(
                        manager.full(new Shape(shades.size(), SIZE, SIZE, 3), shades.get(0), DataType.UINT8)),
                dimension,
                Embedding::new);
    }

    @Test
    void passLeavesNoNativeArrayBehind() throws Exception {
        try (TorchScriptPass<Integer> pass = pass(512)) {
            pass.run(List.of(7));
            int before = model.getNDManager().getManagedArrays().size();

            for (int i = 0; i < 200; i++) {
                pass.run(List.of(i % 256, i % 256));
            }

            assertThat(model.getNDManager().getManagedArrays()).hasSize(before);
        }
    }

    @Test
    void modelOfAnotherDimensionIsNamed() {
        try (TorchScriptPass<Integer> pass = pass(768)) {
            assertThatThrownBy(() -> pass.run(List.of(1, 2)))
                    .hasMessageContaining("image-encoder gave 1024 values for 2 inputs of dimension 768");
        }
    }
}
