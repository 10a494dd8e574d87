"""The waiting room of one key: who may send next, and when."""
