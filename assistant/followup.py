"""A follow-up question is restated so that it can be asked without the turns before it."""

import re
from collections.abc import Sequence

from assistant.types import Turn
from index.keyword import UNASKED, stems


def standalone(question: str, turns: Sequence[Turn]) -> str:
    """A question that leans on the one before it gets that one's words; any other stays as it is."""
    leans = re.match(r"\s*(?:and|but|so|what about|how about|then)\b", question, re.IGNORECASE) or re.search(
        r"\b(?:it|its|he|she|they|them|their|his|her|him|this|that|those|these|there)\b", question, re.IGNORECASE
    )
    if not turns or not leans:
        return question
    known = set(stems(question))
    words = dict.fromkeys(re.findall(r"[\w’'-]+", turns[-1].question))
    before = [word for word in words if not set(stems(word)) <= known | UNASKED]
    return f"{question.rstrip('? ')} ({' '.join(before)})?" if before else question
