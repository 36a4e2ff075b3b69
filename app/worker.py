"""What PyScript runs in the worker."""

from intab import page

page.main()
