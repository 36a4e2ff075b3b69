"""The recipe of the default model, one module a step.

`settings` names the sizes and the mixture; `corpora` reads the texts; `chats` turns them into
conversations, with the questions that `facts` finds; `tokenizer` learns the vocabulary; `rows`
packs token rows; `trainer` trains; `exporter` and `quantizer` make the ONNX file; `evaluator`,
`abilities`, `ngrams` and `report` say how good it is; `manifest` lists what a visitor downloads.
`models/train.py` runs them in that order.
"""
