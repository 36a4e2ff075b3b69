"""From a checkpoint to the graphs that run fastest in a browser (CPython, extra `convert`).

    checkpoint -> family (architecture, weights) -> decoder(form) -> pieces on disk -> intab.json

It knows no torch and no transformers: the graph is written node by node with onnx-ir, so that
attention, positions and quantization take the form each device runs best.
"""
