package dev.glimpse.embedding;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import dev.glimpse.vectors.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The forward pass of one TorchScript model, with a predictor of its own. The model is the caller's, and outlives it. */
final class TorchScriptPass<T> implements BatchingEncoder.ForwardPass<T> {
    /** Puts the inputs of a batch into what the model takes: one array {@code [batch, ...]}, or several. */
    interface Stacker<T> {
        NDList stack(NDManager manager, List<T> inputs);
    }

    private final ZooModel<NDList, NDList> model;
    private final Predictor<NDList, NDList> predictor;
    private final @Nullable String method;
    private final Stacker<T> stacker;
    private final int dimension;
    private final Function<float[], Embedding> reader;

    /**
     * @param method of the TorchScript module, null for {@code forward}
     * @param reader makes an embedding of the {@code dimension} values that the model gives for an input
     */
    TorchScriptPass(
            ZooModel<NDList, NDList> model,
            @Nullable String method,
            Stacker<T> stacker,
            int dimension,
            Function<float[], Embedding> reader) {
        this.model = model;
        this.predictor = model.newPredictor();
        this.method = method;
        this.stacker = stacker;
        this.dimension = dimension;
        this.reader = reader;
    }

    @Override
    public List<Embedding> run(List<T> inputs) throws TranslateException {
        try (NDManager manager = model.getNDManager().newSubManager();
                NDList output = predictor.predict(arguments(manager, inputs))) {
            float[] values = output.singletonOrThrow().toFloatArray();
            if (values.length != inputs.size() * dimension) {
                throw new IllegalStateException(model.getName() + " gave " + values.length + " values for "
                        + inputs.size() + " inputs of dimension " + dimension);
            }
            List<Embedding> embeddings = new ArrayList<>(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                embeddings.add(reader.apply(Arrays.copyOfRange(values, i * dimension, (i + 1) * dimension)));
            }
            return embeddings;
        }
    }

    private NDList arguments(NDManager manager, List<T> inputs) {
        NDList arguments = stacker.stack(manager, inputs);
        if (method != null) {
            // DJL calls the method that it finds as the name of an argument; that argument itself it leaves out.
            NDArray named = manager.create(0);
            named.setName("module_method:" + method);
            arguments.add(named);
        }
        return arguments;
    }

    @Override
    public void close() {
        predictor.close();
    }
}
