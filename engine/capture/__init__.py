"""Steps recorded once and replayed without the tape: `engine.capture(step)`."""

from engine.capture.report import Report, Variant
from engine.capture.step import Captured, capture

__all__ = ["Captured", "Report", "Variant", "capture"]
