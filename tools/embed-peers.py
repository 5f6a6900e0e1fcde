"""The image encoder of a model folder in Python: as it is in torch, in onnxruntime, and, given the HuggingFace folder that it
came from, in transformers; on all cores. For scripts/bench embed."""

import io
import json
import os
import sys
import time

import numpy
import onnxruntime
import torch

BATCH, ROUNDS, BATCHES = 8, 3, 8


def measure(name: str, run) -> None:
    run()
    rates, cpu = [], []
    for _ in range(ROUNDS):
        clock, busy = time.perf_counter(), time.process_time()
        for _ in range(BATCHES):
            run()
        rates.append(BATCH * BATCHES / (time.perf_counter() - clock))
        cpu.append((time.process_time() - busy) / BATCH / BATCHES)
    print(f"images, {name}, batch {BATCH}: {sorted(rates)[ROUNDS // 2]:.2f}/s, {sorted(cpu)[ROUNDS // 2] * 1e3:.1f} ms CPU each")


def main() -> None:
    folder, threads = sys.argv[1], os.cpu_count()
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as lines:
        image = json.load(lines)["image"]
    encoder = torch.jit.load(os.path.join(folder, image["file"])).eval()
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (BATCH, image["size"], image["size"], 3), dtype=torch.uint8, generator=generator)

    torch.set_num_threads(threads)
    with torch.inference_mode():
        if len(sys.argv) > 2:
            from transformers import CLIPVisionModelWithProjection, __version__

            reference = CLIPVisionModelWithProjection.from_pretrained(sys.argv[2]).eval()
            floats = pixels.permute(0, 3, 1, 2).float()
            measure(f"transformers {__version__} in torch {torch.__version__}, {threads} threads", lambda: reference(floats))
        measure(f"the same TorchScript in Python, {threads} threads", lambda: encoder(pixels))
        traced = torch.jit.trace(encoder, pixels)
        file = io.BytesIO()
        torch.onnx.export(traced, (pixels,), file, input_names=["image"], opset_version=17, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    answer = session.run(None, {"image": pixels.numpy()})[0]
    with torch.inference_mode():
        numpy.testing.assert_allclose(answer, encoder(pixels).numpy(), atol=1e-3)
    measure(f"onnxruntime {onnxruntime.__version__} fp32, {threads} threads", lambda: session.run(None, {"image": pixels.numpy()}))


if __name__ == "__main__":
    main()
