"""The recipe of the default model, one module a step.

`settings` names the sizes and the mixture; `sources` says which texts are needed and missing;
`corpora` reads them; `chats` turns them into conversations, with the questions that `facts` finds,
the titles that `titles` makes and the people that `names` renames; `tokenizer` learns the
vocabulary; `rows` packs token rows; `trainer` trains; `exporter` has `intab convert` make the model
folder; `evaluator`, `abilities`, `ngrams` and `report` say how good it is.
`models/train.py` runs them in that order.
"""
