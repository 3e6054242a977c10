"""Claims: the list, and the page of one with its bill, its statements and the clearings that it is in."""
