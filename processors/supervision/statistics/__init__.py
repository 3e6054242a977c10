"""What rules on peers reckon with: a file for each method, from counts and amounts alone.

numpy and scipy do the work. They take seconds to load, so each function loads them when it is called: a command that
asks for no statistics does not wait for them.
"""
