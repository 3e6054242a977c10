"""The transactions of the national interface, a module a group; importing this package registers all of them."""

from infra.gateway.national.transactions import reversal, sign_in

__all__ = ["reversal", "sign_in"]
