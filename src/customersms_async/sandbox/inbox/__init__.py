"""The inbox of a sandbox: a page that shows the texts as they come, and the JSON that it is made of."""
