"""The engine: pure Python and numpy. It knows no browser, no onnxruntime and no files."""
