"""GGUF files, llama.cpp's, as checkpoints: configuration, tokenizer, templates and weights of one.

    with open_gguf(Path("model.gguf")) as checkpoint: checkpoint.tensor("model.norm.weight")

- container.py: a file's header, every count in it held against the file's size
- finding.py: which file a path names
- parts.py: a model in several files
- keys.py: metadata by name and type
- architectures.py: llama.cpp's names of architectures and their config.json
- positions.py: rotary settings
- names.py: the tensors under transformers' names and in its order of rows
- checkpoint.py: the checkpoint that the families read
- vocabulary.py: tokens, their types and the special ones
- pre_tokenizers.py: how text is cut before merges
- tokenizer.py: tokenizer.json
- texts.py: config.json, generation_config.json and the tokenizer's files

Quantized weights are made float by the `gguf` library, one tensor at a time.
"""
