"""Exponential and logarithm whose bits do not depend on the CPU or on a library's version.

`exp` and `log` of NumPy and of the compiler change their last bit with the CPU's features (AVX-512,
FMA). These use only + - * / and powers of two, in a fixed order. Accuracy: within 2 units in the
last place of the correctly rounded value over the normal range.
"""

from __future__ import annotations

from chipsim.numerics.kernel import kernel

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.4426950408889634
SQRT_HALF = 0.7071067811865476


@kernel
def power_of_two(exponent: int) -> float:
    """2 to a whole power, exact from -1074 to 1023."""
    value = 1.0
    factor = 2.0 if exponent > 0 else 0.5
    for _ in range(abs(exponent)):
        value *= factor
    return value


@kernel
def exp(x: float) -> float:
    """e to the power x; 0 below -745, infinite above 709.78.

    x = k ln 2 + r with |r| <= ln 2 / 2, then the Taylor series of e^r to the 13th term.
    """
    if x < -745.0:
        return 0.0
    if x > 709.78:
        return 1e308 * 10.0
    k = int(x * INVERSE_LN2 + (0.5 if x > 0 else -0.5))
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    total = 1.0
    for term in range(13, 0, -1):
        total = 1.0 + r * total / term
    return total * power_of_two(k)


@kernel
def log(x: float) -> float:
    """Natural logarithm of x > 0 (minus infinity at 0, a negative argument gives NaN).

    x = m 2^k with m within sqrt(1/2)..sqrt(2), then 2 artanh((m - 1) / (m + 1)) as a series.
    """
    if x <= 0.0:
        return -1e308 * 10.0 if x == 0.0 else 0.0 / 0.0
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
