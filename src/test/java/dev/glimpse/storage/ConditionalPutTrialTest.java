package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConditionalPutTrialTest {
    /** Methods of the store that do not answer for now. */
    private final Set<String> away = new HashSet<>();

    @TempDir
    Path root;

    private ObjectStore store;
    private ConditionalPutTrial trial;

    @BeforeEach
    void open() {
        store = new FolderStore(root);
        ObjectStore unreliable = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (away.contains(method.getName())) {
                        throw new StoreUnavailableException("no answer to " + method.getName(), null);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        trial = new ConditionalPutTrial(unreliable, "this store");
    }

    @Test
    void trialLeavesNoObjectBehind() {
        trial.requirePassed();

        assertThat(trial.isOver()).isTrue();
        assertThat(store.list("doctor/")).isEmpty();
    }

    @Test
    void trialWithoutAResultLeavesNoObjectBehindAndIsMadeAgain() {
        away.add("get");

        assertThatThrownBy(trial::requirePassed)
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("no answer to get");
        assertThat(store.list("doctor/")).isEmpty();
        assertThat(trial.isOver()).isFalse();

        away.clear();
        trial.requirePassed();
        assertThat(trial.isOver()).isTrue();
    }

    @Test
    void resultIsValidThoughTheObjectsCannotBeDeleted() {
        away.add("delete");

        assertThatCode(trial::requirePassed).doesNotThrowAnyException();
        assertThat(trial.isOver()).isTrue();
    }

    @Test
    void failureOfTheTrialIsToldAndNotThatOfTheDelete() {
        away.addAll(Set.of("get", "delete"));

        assertThatThrownBy(trial::requirePassed).hasMessageContaining("no answer to get");
    }
}
