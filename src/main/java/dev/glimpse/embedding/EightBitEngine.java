package dev.glimpse.embedding;

import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses what libtorch multiplies 8-bit weights with. Its own choice, FBGEMM, does not know the matrix instructions (AMX) of newer
 * processors; oneDNN, which is in libtorch too, does. DJL has no call for that.
 */
final class EightBitEngine {
    private static final Logger log = LoggerFactory.getLogger(EightBitEngine.class);

    /** {@code c10::QEngine::ONEDNN}. */
    private static final int ONEDNN = 3;

    private EightBitEngine() {}

    /**
     * Chooses oneDNN for models that are loaded from now on, where the processor has AMX for 8-bit numbers. Else nothing changes, nor if libtorch
     * lacks what this calls. After libtorch is loaded; twice is fine.
     */
    static void choose() {
        if (!hasMatrixInstructions(Path.of("/proc/cpuinfo"))) {
            return;
        }
        try {
            NativeLibrary torch = NativeLibrary.getInstance(
                    Path.of(LibUtils.getLibtorchPath(), "libtorch_cpu.so").toString());
            // at::globalContext() and at::Context::setQEngine(c10::QEngine)
            Pointer context = torch.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
            torch.getFunction("_ZN2at7Context10setQEngineEN3c107QEngineE").invokeVoid(new Object[] {context, ONEDNN});
        } catch (UnsatisfiedLinkError e) {
            log.debug("8-bit weights stay with libtorch's own choice", e);
        }
    }

    /** Whether a processor says of itself that it has AMX for 8-bit numbers. */
    static boolean hasMatrixInstructions(Path processors) {
        try (Stream<String> lines = Files.lines(processors)) {
            return lines.anyMatch(line -> line.startsWith("flags") && line.contains(" amx_int8"));
        } catch (IOException e) {
            return false; // not Linux
        }
    }
}
