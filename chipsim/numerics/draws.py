"""Counter-based random numbers: what is drawn depends on its name and index, never on an order.

A stream is a 64-bit key made from the root seed and the names of what it is for. A draw is a pure
function of (stream, i, j): the words of Philox4x32-10 (Salmon2011, section 3.3 and table 2) at that
counter. A new component, another batch, a trace or a resume changes no draw.

Where a draw is made for every pulse, a hashed counter of 32-bit numbers stands in for Philox, since it
goes many lanes at a time: see `splits` and `hashed`.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.elementary import log
from chipsim.numerics.kernel import kernel

QUANTILES = 65536
BELOW_ONE = 1.0 - 2.0**-53
_TWO_PI = 6.283185307179586


def stream(seed: int, *names: str | int) -> np.uint64:
    """The key of one stream of random numbers, from the root seed and the names of its purpose."""
    text = "\x1f".join(str(part) for part in (seed, *names))
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))


@kernel
def words(key: Any, i: Any, j: Any) -> tuple[Any, Any, Any, Any]:
    """Four random 32-bit words of stream `key` at counter (i, j), as unsigned 64-bit numbers."""
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    c0, c1 = np.uint64(i) & mask, np.uint64(i) >> shift
    c2, c3 = np.uint64(j) & mask, np.uint64(j) >> shift
    k0, k1 = np.uint64(key) & mask, np.uint64(key) >> shift
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c0
        p1 = np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & mask, (p0 >> shift) ^ c3 ^ k1, p0 & mask
        k0 = (k0 + np.uint64(0x9E3779B9)) & mask
        k1 = (k1 + np.uint64(0xBB67AE85)) & mask
    return c0, c1, c2, c3


@kernel
def mixed(word: Any) -> Any:
    """A bijection of 32-bit words in which every bit of the result depends on every bit given.

    Source: the finaliser of MurmurHash3 for 32 bits (Appleby2011).
    """
    word = np.uint32(word)
    word = np.uint32(np.uint32(word ^ (word >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    word = np.uint32(np.uint32(word ^ (word >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(word ^ (word >> np.uint32(16)))


@kernel
def splits(key: Any, i: Any) -> tuple[Any, Any]:
    """Seed and odd increment of the hashed counter that item i < 2^32 of stream `key` owns, 32 bits each.

    Items of a stream have seeds and increments of their own, so that no two walk the same sequence.
    Source: Steele2014, where a split generator gets both anew.
    """
    seed = mixed(np.uint32(i) ^ np.uint32(key))
    return seed, np.uint32(mixed(seed ^ np.uint32(np.uint64(key) >> np.uint64(32))) | np.uint32(1))


@kernel
def hashed(seed: Any, increment: Any, j: Any) -> Any:
    """Random 32-bit word number j (modulo 2^32) of a hashed counter: see `splits`.

    Source: Steele2014, section 3 (a counter that steps by the increment, then a mix), with words of 32 bits.
    """
    return mixed(np.uint32(seed + np.uint32(np.uint32(j) * increment)))


@kernel
def uniform(key: Any, i: Any, j: Any) -> float:
    """A number in the open interval 0..1 with 53 random bits.

    The half step that keeps 0 out rounds the largest of them up to 1, hence the limit.
    """
    a, b, _, _ = words(key, i, j)
    share = (float(a >> np.uint64(5)) * 67108864.0 + float(b >> np.uint64(6)) + 0.5) / 9007199254740992.0
    return min(share, BELOW_ONE)


@kernel
def below(key: Any, i: Any, j: Any, n: Any) -> Any:
    """A whole number in 0..n-1, n < 2^32 (bias below n / 2^64)."""
    a, b, _, _ = words(key, i, j)
    wide = (a << np.uint64(32)) | b
    high = wide >> np.uint64(32)
    low = wide & np.uint64(0xFFFFFFFF)
    n = np.uint64(n)
    return np.int64((high * n + ((low * n) >> np.uint64(32))) >> np.uint64(32))


@kernel
def normal_quantile(p: Any) -> Any:
    """The standard normal's quantile at p in the open interval 0..1.

    Source: Wichura1988, routine PPND16 (relative error about 1e-16).
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        bottom = (((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                   + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                   + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * top / bottom
    r = np.sqrt(-log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r
                + 0.24178072517745061177) * r + 1.27045825245236838258) * r + 3.64784832476320460504) * r
                + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip  # noqa: E501
        bottom = (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
                   + 0.0151986665636164571966) * r + 0.14810397642748007459) * r
                   + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                   + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        top = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                + 0.0012426609473880784386) * r + 0.026532189526576123093) * r
                + 0.29656057182850489123) * r + 1.7848265399172913358) * r
                + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        bottom = (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
                   + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r
                   + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                   + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    return -top / bottom if q < 0.0 else top / bottom


@kernel
def normal(key: Any, i: Any, j: Any) -> Any:
    """A draw of the standard normal distribution, by inversion of a 53-bit uniform number."""
    return normal_quantile(uniform(key, i, j))


@kernel
def _fill_quantiles(table: NDArray[np.float32]) -> None:
    for index in range(table.size):
        table[index] = normal_quantile((index + 0.5) / table.size)


@functools.cache
def normal_table() -> NDArray[np.float32]:
    """The `QUANTILES` standard normal quantiles at the mid points of equal shares.

    A 16-bit random number indexes it: the cheap normal draw of the pulse kernels, cut at 4.3
    standard deviations (the variance is 2e-4 short of 1).
    """
    table = np.empty(QUANTILES, dtype=np.float32)
    _fill_quantiles(table)
    return table
