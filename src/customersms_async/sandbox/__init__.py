"""The gateway's stand-in: the provider has no sandbox, so this is one.

Quick start:

```python
sandbox = Sandbox(keys={"cspro_made_up": 500})
async with sandbox.serve() as url, AsyncClient(api_key="cspro_made_up", url=url) as client:
    await client.send("+12125551234", "Hello")
assert [text.phone for text in sandbox.texts] == ["+12125551234"]
```

``python -m customersms_async.sandbox`` serves one from a terminal. ``magic`` has the table of the phone numbers
that bring a fault of their own. Serving needs ``pip install "customersms-async[sandbox]"``.
"""

from .faults import Fault
from .sandbox import DEMO_CREDITS, DEMO_KEY, Sandbox
from .schedule import Entry, Faults
from .state import Text, key_id

__all__ = ["DEMO_CREDITS", "DEMO_KEY", "Entry", "Fault", "Faults", "Sandbox", "Text", "key_id"]
