"""An asyncio client for the customersms.pro SMS API."""
