"""The transactions of the national interface, a module a group; importing this package registers all of them."""
