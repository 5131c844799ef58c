"""Steps recorded once and replayed without the tape: `engine.capture(step)`."""

from engine.capture.profile import Profile, profile
from engine.capture.report import Report, Variant
from engine.capture.step import Captured, capture

__all__ = ["Captured", "Profile", "Report", "Variant", "capture", "profile"]
