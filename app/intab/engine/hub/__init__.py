"""From a model's name to its files.

locate           a name -> the address of its folder
model_names      what may be written for a model
credentials      names and passwords in addresses
client           a hub's token, mirrors, commits and lists
listing          the files of a folder: listing, intab.json, or by asking
probing          whether a file is there, however a host says that it is not
roles            names of a model's graphs by their work
layout           which file is which, by its name
manifest         files, sizes, hashes; the graphs of each role and dtype
variants         of these the ones that a task needs, together
manifest_checks  what may be wrong with an intab.json
genai            what genai_config.json says
diagnosis        what a folder is that holds no model
"""
