"""The recipe of a picture model: text to 64 x 64 pictures, trained on the Noto emoji.

pictures.py finds pictures and captions, parts.py has the shapes, autoencoder.py and denoiser.py
train them one after the other, exporter.py writes the model folder.
"""
