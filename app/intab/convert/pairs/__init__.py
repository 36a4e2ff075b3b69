"""Encoders with their decoders, from checkpoints to the two graphs that intab runs.

shape       what such a pair is made of: sizes, layers, weights
settings    what a config.json says, and the defaults of its class
t5          T5, flan-T5, mT5: their shape, their tensors
bart        BART and its like, Whisper: their shape, their tensors
stack       what both sides are written of: attention, products, norms
encoder     the encoder's graph
decoder     the decoder's graph, with its caches
running     both graphs, run natively
converting  the model folder
"""
