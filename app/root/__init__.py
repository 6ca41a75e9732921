"""joulehash: a SHA-256 mining engine and hardware bridge.

from joulehash import scan, scan_iter, verify, KERNELS
"""

from .engine.scan import scan, scan_iter, verify
from .ext.kernels import KERNELS

__all__ = ["KERNELS", "__version__", "scan", "scan_iter", "verify"]
__version__ = "0.1.0"
