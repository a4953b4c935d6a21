"""Exponential, logarithm and cosine whose bits do not depend on the CPU or on a library's version.

`exp` and `log` of NumPy and of the compiler change their last bit with the CPU's features (AVX-512,
FMA). These use only + - * / and powers of two, in a fixed order. Accuracy: within 2 units in the
last place of the correctly rounded value over the normal range.
"""

from __future__ import annotations

import math

import numpy as np

from chipsim.numerics.kernel import kernel

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.4426950408889634
SQRT_HALF = 0.7071067811865476
PI = 3.141592653589793
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = (1.0 / math.factorial(n) for n in range(2, 14))


@kernel
def power_of_two(exponent: int) -> float:
    """2 to a whole power, exact from -1022 to 1023: the exponent's field of a float is set."""
    value: float = np.int64((exponent + 1023) << 52).view(np.float64)
    return value


@kernel
def exp(x: float) -> float:
    """e to the power x; 0 below -745.13, infinite above 709.78.

    x = k ln 2 + r with |r| <= ln 2 / 2, then the Taylor series of e^r to the 13th term, added from the
    smallest. The power 2^k is applied in halves, since k reaches 1024 and -1075 where e^x is finite.
    """
    if not -746.0 <= x <= 710.0:
        return 0.0 if x < 0.0 else x * 1e308
    k = int(x * INVERSE_LN2 + (0.5 if x > 0 else -0.5))
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    total = C12 + C13 * r
    total = C10 + r * (C11 + r * total)
    total = C8 + r * (C9 + r * total)
    total = C6 + r * (C7 + r * total)
    total = C4 + r * (C5 + r * total)
    total = C2 + r * (C3 + r * total)
    total = 1.0 + (r + r * r * total)
    half = k // 2
    return total * power_of_two(half) * power_of_two(k - half)


@kernel
def log(x: float) -> float:
    """Natural logarithm of x > 0 (minus infinity at 0, NaN below).

    x = m 2^k with m within sqrt(1/2)..sqrt(2), then 2 artanh((m - 1) / (m + 1)) as a series.
    """
    if x <= 0.0:
        return -1e308 * 10.0 if x == 0.0 else 0.0 / 0.0
    if x > 1.7976931348623157e308:
        return x
    k = 0
    m = x
    while m > 2.0 * SQRT_HALF:
        m *= 0.5
        k += 1
    while m < SQRT_HALF:
        m *= 2.0
        k -= 1
    s = (m - 1.0) / (m + 1.0)
    s2 = s * s
    total = 0.0
    for n in range(23, 0, -2):
        total = total * s2 + 1.0 / n
    return k * LN2_HIGH + (2.0 * s * total + k * LN2_LOW)


@kernel
def cosine(turn: float) -> float:
    """cos(pi t) for t within 0..1, by the Taylor series of sine or cosine within a quarter of pi."""
    t = min(turn, 1.0 - turn)
    sign = 1.0 if turn <= 0.5 else -1.0
    x = PI * (t if t <= 0.25 else 0.5 - t)
    first = 0 if t <= 0.25 else 1
    square = x * x
    total = 0.0
    for n in range(16 + first, first, -2):
        total = (1.0 + total) * -square / (n * (n - 1))
    total += 1.0
    return sign * (total if first == 0 else x * total)
