"""``customersms doctor``: each part of the way of a text, looked at without sending anything."""
