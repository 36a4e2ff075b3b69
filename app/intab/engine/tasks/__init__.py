"""What models are for: what each task needs of a model, and how inputs become answers.

base                 Task, and Pipeline: preprocess, run, postprocess
text_generation      a decoder that continues text: Model
self_test            a decoder's first runs
webgpu_checks        what is asked of a decoder on WebGPU too
text_inputs          texts and pairs become feeds
text_classification  labels and scores of texts
feature_extraction   the vectors of a text's tokens
registry             the tasks by their names
"""
