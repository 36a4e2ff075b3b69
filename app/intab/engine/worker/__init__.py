"""What the page's worker does.

service            requests in, events out
messages           every message between page and worker
program            a user's program: top-level await, prints, tracebacks
interpreter_state  puts right what a program did to builtins and modules
storage_panel      the panel of stored models
"""
