"""Which kernels the pinned onnxruntime-web has, found by asking it.

Every operator is put into models of one node, one for each choice of types, and a session is made
of each in a browser: on wasm, and on WebGPU without falling back to the CPU. What is refused for
want of a kernel is not in app/intab/convert/kernels.json; `intab convert` holds graphs against it.
"""
