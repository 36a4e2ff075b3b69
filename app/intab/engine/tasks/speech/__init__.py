"""Sound becomes text or labels: what transformers' pipelines for sound do.

inputs                a file, bytes, an array or a dict becomes samples at the model's rate
features              what preprocessor_config.json says, and how samples become feeds
chunks                windows of a long sound that overlap
sound_task            what tasks share that run one graph
audio_classification  labels and scores of sounds
recognition           automatic-speech-recognition, for models of either kind
ctc                   models that give a letter for each moment (wav2vec 2, HuBERT)
ctc_text              their letters become text and times
"""
