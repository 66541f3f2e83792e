"""PostgreSQL's binary form of numeric, read into a Decimal."""

from __future__ import annotations

import struct
from decimal import Decimal

from parallel_partition.catalog.key_forms import NotProven

_SPECIAL = {0xC000: Decimal("NaN"), 0xD000: Decimal("Infinity"), 0xF000: Decimal("-Infinity")}
_POSITIVE, _NEGATIVE = 0x0000, 0x4000


def decimal_of_binary(data: bytes) -> Decimal:
    """The number, exactly; how many zeros were shown after it is not kept.

    The layout is ``numeric_send``'s: how many base-10,000 digits there are, the weight of the first, the
    sign, the scale, the digits.
    """
    count, weight, sign, scale = struct.unpack_from("!HhHH", data)
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign not in (_POSITIVE, _NEGATIVE):
        raise NotProven(f"a numeric has no sign {sign:#x}")
    groups = struct.unpack_from(f"!{count}H", data, 8)
    digits = "".join(f"{group:04}" for group in groups) or "0"
    exponent = 4 * (weight + 1 - count)
    if (beyond := -exponent - scale) > 0:
        # numeric_recv cuts off what is beyond the scale, without rounding.
        digits = digits[:-beyond] or "0"
        exponent += beyond
    return Decimal(f"{'-' if sign else ''}{digits}E{exponent}")
