"""Sound becomes text or labels, and text sound: what transformers' pipelines for sound do.

inputs                a file, bytes, an array or a dict becomes samples at the model's rate
features              what preprocessor_config.json says, and how samples become feeds
chunks                windows of a long sound that overlap
sound_task            what tasks share that run one graph
audio_classification  labels and scores of sounds
zero_shot_audio       labels of the caller's, for sounds
recognition           automatic-speech-recognition, for models of either kind
ctc                   models that give a letter for each moment (wav2vec 2, HuBERT)
ctc_text              their letters become text and times
voice_activity        where somebody speaks, by Silero's detector
voice_spans           spans of speech by its probabilities
transcription         what was written down so far
phrases               sound that comes in blocks, cut where nobody speaks
live                  phrases written down as they come
text_to_audio         a text is spoken by VITS

writing               what models share that listen and write
moonshine             such a one that takes the samples themselves

Whisper, another:

whisper           its pipeline
whisper_options   what a call asks for
whisper_files     what its generation_config.json says
whisper_start     the tokens that its answers begin with
whisper_long      a sound of any length, piece by piece
whisper_times     its rules for tokens of times
whisper_scores    how good an answer is
whisper_segments  segments, and how far it got
whisper_so_far    what was written so far, which grows
whisper_text      text, segments and words of its tokens
alignment         when each token was said, by attention
overlaps          windows that overlap become one
words             tokens become words
languages         codes and names
"""
