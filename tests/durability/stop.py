"""Milliseconds from a stop until the server of a language model sees its client go.

A server on loopback plays the provider: half of the calls are stopped amid the words, half before the first one.
"""

import time
from contextlib import closing

from article_assistant.evaluation.figures import percentile
from article_assistant.settings import Settings
from article_assistant.writing.calls import Caller
from article_assistant.writing.providers import load_llm

from bench import report
from tests.provider import Provider, hang, say, silent

LLMS = ("openai-like/m", "ollama/m", "anthropic/claude-opus-4-1")


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "half a minute")
    parser.add_argument(
        "--stops", type=report.positive, default=30, metavar="N", help="calls to stop, for each protocol"
    )
    given = parser.parse_args()
    from llama_index.core.base.llms.types import ChatMessage

    facts = report.machine()
    asked = [ChatMessage(role="user", content="Who approves a trip?")]
    rows, found = [], {}
    for name in LLMS:
        took = []
        with Provider() as provider:
            url = provider.url if name.startswith("openai") else provider.root
            with closing(Caller(load_llm(Settings.read(llm=name, llm_url=url, llm_key="k")), 60)) as caller:
                for number in range(given.stops):
                    took.append(_stopped(caller, provider, asked, amid=bool(number % 2)) * 1000)
        found[name] = took
        rows.append([name, f"{percentile(took, 50):.0f}", f"{max(took):.0f}"])
    body = [report.table(["protocol", "median, ms", "most, ms"], rows)]
    report.write(given.out, "stop", "Stopping a call", facts, body, found)


def _stopped(caller: Caller, provider: Provider, asked: list, amid: bool) -> float:  # type: ignore[type-arg]
    """Begin a call and stop it; the seconds until its connection is seen to end."""
    before = len(provider.requests)
    provider.play(say("Tobias approves trips", hang) if amid else silent)
    call = caller.stream(asked)
    while not next(call) and (amid or len(provider.requests) == before):
        pass
    began = time.monotonic()
    call.close()
    request = provider.requests[before]
    if not request.gone.wait(60):
        raise SystemExit("a stopped call kept its connection for a minute")
    return request.went - began


if __name__ == "__main__":
    report.run(main)
