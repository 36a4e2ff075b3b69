"""The browser's side: the only Python that imports js and pyodide. It translates, it decides nothing.

Names that start with `js_` hold JavaScript objects. The JavaScript lies in the .mjs files beside.
"""
