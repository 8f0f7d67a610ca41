"""The stores: each names its vendor here and nowhere else; only ``bootstrap`` imports them."""
