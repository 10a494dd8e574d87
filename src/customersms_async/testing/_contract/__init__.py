"""The contract of quota stores, subject by subject; ``contract`` puts it together."""
