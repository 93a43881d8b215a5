"""From question to cited answer, and the doors to it."""
