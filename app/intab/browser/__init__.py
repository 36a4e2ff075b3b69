"""The browser's side: the only Python that imports js and pyodide; it translates, no more.

Names that start with `js_` hold JavaScript objects. The JavaScript lies in js/.
"""
