"""From a model's name to its files.

locate           a name -> the address of its folder
model_names      what may be written for a model
credentials      names and passwords in addresses
client           a hub's token, mirrors, commits and lists
listing          what is in a folder: listing, intab.json, or by asking
probing          whether a file is there, however a host says that it is not
layout           which file is which, by its name
manifest         files, sizes, hashes; the graph of each dtype
manifest_checks  what may be wrong with an intab.json
genai            what genai_config.json says
embedder_files   the graph that embeds ids for a decoder
diagnosis        what a folder is that holds no model
"""
