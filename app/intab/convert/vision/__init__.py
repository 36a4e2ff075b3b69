"""ViT, YOLOS, CLIP and DETR, from checkpoints to the graphs that pipelines run.

settings    config.json as transformers' classes read it
weights     tensors become weights
writer      the graphs
clip        CLIP's graph, of two towers
resnet      the backbone of detectors
detr        DETR's graph
converting  the model folder
"""
