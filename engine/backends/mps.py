"""What scripts ask before they choose Apple's GPU. The engine has no backend for it."""


def is_available() -> bool:
    return False


def is_built() -> bool:
    return False
