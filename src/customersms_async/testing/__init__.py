"""What helps to test programs that send texts: a pytest plugin (``plugin``)."""
