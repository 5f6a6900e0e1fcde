"""The encoders of a model folder in onnxruntime, for scripts/bench encoders: python embed-peers.py MODEL PIXELS

PIXELS is a file of at least eight pictures of the model's size, red, green, blue. Says which version it is, and then answers each line of
standard input, "image|text FILE LENGTH BATCH THREADS PASSES", with the seconds on the clock and of the processor. A text has LENGTH tokens,
a picture LENGTH pixels a side. FILE is TorchScript; what is asked as "int8:FILE" runs with 8-bit weights. Each thread makes PASSES
forward passes of its own, with one thread in each.
"""

import json
import os
import sys
import tempfile
import threading
import time
import warnings

import numpy
import onnxruntime
import torch

OPSET = 17
# One model at a time is in memory, and what is asked again is there.
sessions: dict[tuple, tuple] = {}


def sample(part: str, length: int, batch: int, pixels: numpy.ndarray) -> torch.Tensor:
    if part == "image":
        return torch.from_numpy(pixels[: batch * length * length * 3].reshape(batch, length, length, 3).copy())
    return torch.randint(5, 400, (batch, length), generator=torch.Generator().manual_seed(1))


def session(folder: str, part: str, file: str, length: int, batch: int, pixels: numpy.ndarray) -> tuple:
    asked = (part, file, length, batch)
    if asked in sessions:
        return sessions[asked]
    sessions.clear()
    encoder = torch.jit.load(os.path.join(folder, file.removeprefix("int8:"))).eval()
    given = sample(part, length, batch, pixels)
    with torch.no_grad(), tempfile.TemporaryDirectory() as work:
        expected = encoder(given).numpy()
        path = os.path.join(work, "model.onnx")
        # Of this size alone, so that onnxruntime knows all shapes.
        torch.onnx.export(torch.jit.trace(encoder, given, check_trace=False), (given,), path, input_names=["given"], opset_version=OPSET,
                          dynamo=False)
        del encoder
        if file.startswith("int8:"):
            from onnxruntime.quantization import QuantType, quantize_dynamic

            small = os.path.join(work, "int8.onnx")
            quantize_dynamic(path, small, per_channel=True, weight_type=QuantType.QInt8)
            path = small
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        made = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {"given": given.numpy()}
    cosines = (made.run(None, inputs)[0] * expected).sum(axis=1)
    least = 0.95 if file.startswith("int8:") else 0.9999
    if cosines.min() < least:
        sys.exit(f"onnxruntime answers something else than {file}: cosine {cosines.min()}")
    sessions[asked] = (made, inputs)
    return sessions[asked]


def measure(made: onnxruntime.InferenceSession, inputs: dict, threads: int, passes: int) -> tuple[float, float]:
    def work() -> None:
        for _ in range(passes):
            made.run(None, inputs)

    others = [threading.Thread(target=work) for _ in range(threads - 1)]
    clock, busy = time.perf_counter(), time.process_time()
    for other in others:
        other.start()
    work()
    for other in others:
        other.join()
    return time.perf_counter() - clock, time.process_time() - busy


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    pixels = numpy.fromfile(sys.argv[2], dtype=numpy.uint8)
    print(json.dumps({"onnxruntime": onnxruntime.__version__, "exporter": torch.__version__}), flush=True)
    for line in sys.stdin:
        part, file, length, batch, threads, passes = line.split()
        made, inputs = session(sys.argv[1], part, file, int(length), int(batch), pixels)
        print(*measure(made, inputs, int(threads), int(passes)), flush=True)


if __name__ == "__main__":
    main()
