"""Searches of made-up vectors by faiss, one query at a time on all cores: its flat scan, and the cheapest IVF and HNSW that find
95 % of the ten nearest. For scripts/bench search. Arguments: a folder with rows.f32 and queries.f32, the dimensions."""

import os
import sys
import time

import faiss
import numpy

K, RECALL = 10, 0.95


def measure(name: str, index, queries, truth) -> float:
    found = [index.search(query[None], K)[1][0] for query in queries]
    recall = sum(len(set(a) & set(b)) for a, b in zip(found, truth)) / truth.size
    millis, busy = [], time.process_time()
    for query in queries:
        clock = time.perf_counter()
        index.search(query[None], K)
        millis.append((time.perf_counter() - clock) * 1e3)
    busy = (time.process_time() - busy) / len(queries) * 1e3
    p50, p95, p99 = numpy.quantile(millis, [0.5, 0.95, 0.99])
    print(f"{name:48} {len(queries):5} {recall:7.3f} {p50:8.2f} {p95:8.2f} {p99:8.2f} {busy:8.2f}", flush=True)
    return recall


def cheapest(index, name: str, knob: str, values, queries, truth) -> None:
    for value in values:
        faiss.ParameterSpace().set_index_parameter(index, knob, value)
        if measure(f"{name} {knob}={value}", index, queries, truth) >= RECALL:
            return


def main() -> None:
    folder, dimension = sys.argv[1], int(sys.argv[2])
    rows = numpy.fromfile(os.path.join(folder, "rows.f32"), "<f4").reshape(-1, dimension)
    queries = numpy.fromfile(os.path.join(folder, "queries.f32"), "<f4").reshape(-1, dimension)
    faiss.omp_set_num_threads(os.cpu_count())

    flat = faiss.IndexFlatIP(dimension)
    flat.add(rows)
    truth = flat.search(queries, K)[1]
    measure(f"faiss {faiss.__version__}, flat", flat, queries, truth)

    lists = int(4 * len(rows) ** 0.5)
    ivf = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT)
    ivf.train(rows[: 64 * lists])
    ivf.add(rows)
    cheapest(ivf, f"faiss IVF, {lists} lists,", "nprobe", [1, 2, 4, 8, 16, 32, 64, 128], queries, truth)

    if len(rows) <= 100_000:  # A graph of a million takes many minutes to build.
        graph = faiss.IndexHNSWFlat(dimension, 32, faiss.METRIC_INNER_PRODUCT)
        graph.add(rows)
        cheapest(graph, "faiss HNSW, 32 links,", "efSearch", [16, 32, 64, 128, 256, 512], queries, truth)


if __name__ == "__main__":
    main()
