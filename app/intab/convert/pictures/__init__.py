"""From a folder of diffusers' layout to the same in fewer bytes: halves, int8 weights.

folder.py finds graphs and files, halves.py and integers.py rewrite a graph, measuring.py says how
far that is from float32, converting.py writes the folder, table.py the report.
"""
