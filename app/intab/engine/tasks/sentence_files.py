"""What sentence-transformers' files beside a model say: pooling, normalising, prompts, lengths."""

FILES = (
    "modules.json",
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
)
