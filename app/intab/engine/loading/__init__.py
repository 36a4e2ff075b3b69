"""From a name to a model that is checked and ready.

loader          remembers loaded models
load            files, then network, then model
download        a model's files, from the store and the server
late_hashes     hashes of what was stored, made beside the network
model_files     what these files say
fallbacks       one way to run it after another, until one works
"""
