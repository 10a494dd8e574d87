r"""What a text costs: its encoding and its billed segments, and its twin in GSM-7, which may cost less.

```python
from customersms_async import segments

text = "It\u2019s on \u2013 doors at 8"  # a typographic apostrophe and a dash
segments.count(text).encoding           # "UCS-2": 70 characters a segment
segments.to_gsm7(text)                  # "It's on - doors at 8", in GSM-7: 160 a segment
```

Nothing is sent, and nothing but the text is looked at.
"""

from __future__ import annotations

from ._core.segments import SegmentCount, beyond_gsm7, count, replacements, to_gsm7

__all__ = ["SegmentCount", "beyond_gsm7", "count", "replacements", "to_gsm7"]
