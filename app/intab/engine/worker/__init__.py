"""What the page's worker does.

service            requests in, events out
messages           every message between page and worker
page_screen        what a program shows and asks, as messages
code               compiling a program: top-level await, the expression it ends with
hints              sentences for a forgotten await
program            a user's program: top-level await, prints, tracebacks
interpreter_state  puts right what a program did to builtins and modules
storage_panel      the panel of stored models
"""
