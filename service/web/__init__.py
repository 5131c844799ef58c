"""HTTP itself: what every request meets before a noun's endpoint sees it."""
