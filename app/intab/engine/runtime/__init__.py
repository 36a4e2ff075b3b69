"""What computes, and the ways to run a model.

protocols     Runtime: what a platform provides
network       Network: a graph that is fed arrays and gives arrays
graphs        the bytes that networks are made of
decoder       Decoder and Session, over one network or two
decoder_plan  how a decoder's graph is fed
seeing        what a prompt shows, in the place of its tokens' embeddings
cache_slots   its caches and states
keeping       networks whose outputs may stay where they compute
encoded       sources side by side
encoder_decoder_plan  how its decoders are fed
encoder_decoder  sources, and sessions that go on from them
recompute     sessions that compute again what their cache lost
first_alone   graphs with one scale a step, fed the first id alone
single_step   graphs that are right for one id a step only
candidates    devices and dtypes, the fastest first
limits        what a device can hold
threads       how many threads WebAssembly gets
onnx_file     which files a graph names
largest       sessions that read the largest logits of a row back alone
refusals      why onnxruntime refuses a graph, in plain words
"""
