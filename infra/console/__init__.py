"""The console: the web pages on which clerks, finance, investigators, leaders and operators work.

A folder a group of pages. Each holds ``routes.py``, which names the group's routes and its places in the menu, and
``templates/``. What they share stands beside them; no group imports another.
"""
