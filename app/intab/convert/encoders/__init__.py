"""Encoders of texts with their heads, from checkpoints to the graphs that pipelines run.

shape       what an encoder is made of: sizes, layers, weights
settings    config.json as transformers' classes read it
names       what the families call their tensors
reader      tensors become weights
heads       what stands on an encoder, by the architecture in config.json
inputs      what a graph takes, and what is made of it once
layers      the graph's layers, whatever they read
writer      the graph
converting  the model folder
"""
