"""``customersms campaign serve``: a page that shows a campaign while it goes on, and changes nothing of it."""
