"""CPython's side: the engine's protocols over files, httpx and onnxruntime."""
