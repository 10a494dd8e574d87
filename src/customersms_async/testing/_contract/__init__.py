"""What every quota store must do, subject by subject; ``contract`` puts them together."""
