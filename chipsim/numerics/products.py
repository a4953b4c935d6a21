"""Matrix products with one order of adding, whatever the batch, the CPU or the thread count.

A BLAS product changes in its last bits with the batch's size and the number of threads; these loops
do not. Rows of the batch are independent, so b images together and one by one agree to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.kernel import kernel


@kernel
def product(x: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product `(images, rows) x (rows, columns)`, added over rows in rising order, `float64`."""
    images, rows = x.shape
    columns = w.shape[1]
    y = np.zeros((images, columns), dtype=np.float64)
    for image in range(images):
        for row in range(rows):
            value = float(x[image, row])
            if value != 0.0:
                for column in range(columns):
                    y[image, column] += value * w[row, column]
    return y
