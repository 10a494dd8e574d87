"""The contracts of stores and ledgers, subject by subject; the modules beside this folder put each together."""
