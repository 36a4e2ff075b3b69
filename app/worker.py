"""What PyScript runs in the worker. It looks for `xworker` here to hand the page's messages to."""

from polyscript import xworker

from intab import page

page.main(xworker)
