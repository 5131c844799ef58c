"""A plugin of pytest: the core at KILN_CORE, built with a sanitizer, stands in for the installed one."""

import importlib.util
import os
import sys
from importlib.machinery import ExtensionFileLoader

_NAME = "engine.backends.native._core"
_PATH = os.environ["KILN_CORE"]
_spec = importlib.util.spec_from_file_location(_NAME, _PATH, loader=ExtensionFileLoader(_NAME, _PATH))
assert _spec is not None
assert _spec.loader is not None
sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[_NAME])
