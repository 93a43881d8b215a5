"""A language model in a local folder, run by transformers."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from article_assistant.settings import SettingsError
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from pydantic import PrivateAttr

WINDOW = 32_768
"""Most tokens used of a context window, because their keys and values fill the memory."""

Put = Callable[[str | Exception | None], object]
"""Takes the words of an answer as they come, finally None or the exception that ended it."""


class Local(CustomLLM):
    """A causal language model from a transformers folder, on a GPU if there is one.

    Reads only safetensors and runs no code from the folder. Decoding is greedy, one answer at a time. Closing a
    stream stops the work within one layer of the model.
    """

    folder: Path
    tokens: int
    """Maximum tokens in an answer."""

    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _stop: threading.Event = PrivateAttr(default_factory=threading.Event)

    def __init__(self, folder: Path, tokens: int, threads: int = 0) -> None:
        """Load the model; `threads` is the number of cores to use, 0 for all.

        Raises SettingsError if the folder holds no such model.
        """
        super().__init__(folder=folder, tokens=tokens)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if threads:
            torch.set_num_threads(threads)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        careful = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, **careful)
            self._model = AutoModelForCausalLM.from_pretrained(
                folder, use_safetensors=True, dtype="auto" if device == "cuda" else torch.float32, **careful
            )
        except Exception as error:  # every file can be wrong in its own way
            why = " ".join(str(error).split())[:200] or type(error).__name__
            raise SettingsError(f"no language model can be loaded from {folder}: {why}") from error
        self._model.to(device).eval()
        self._model.generation_config.update(do_sample=False, temperature=None, top_p=None, top_k=None)
        for module in self._model.modules():
            module.register_forward_pre_hook(self._go_on)
        self.messages_to_prompt = self._prompt

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self._window,
            num_output=self.tokens,
            is_chat_model=bool(self._tokenizer.chat_template),
            model_name=self.folder.name,
        )

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The whole answer, in llama-index's form."""
        answer = CompletionResponse(text="")
        for said in self.stream_complete(prompt, formatted, **kwargs):
            answer = said
        return answer

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ARG002
        """The answer as it comes, in llama-index's form."""

        def pieces() -> CompletionResponseGen:
            arriving: SimpleQueue[str | Exception | None] = SimpleQueue()
            stop = threading.Event()
            usage = self._start(prompt, formatted, arriving.put, stop)
            text = ""
            try:
                while (piece := arriving.get()) is not None:
                    if isinstance(piece, Exception):
                        raise piece
                    text += piece
                    yield CompletionResponse(text=text, delta=piece, additional_kwargs=dict(usage))
            finally:
                stop.set()

        return pieces()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:  # noqa: ARG002
        """The same, asynchronously."""
        prompt = self._prompt(messages)

        async def pieces() -> ChatResponseAsyncGen:
            arriving: asyncio.Queue[str | Exception | None] = asyncio.Queue()
            loop, stop = asyncio.get_running_loop(), threading.Event()

            def put(piece: str | Exception | None) -> None:
                if not stop.is_set():  # the loop may be closed by then
                    loop.call_soon_threadsafe(arriving.put_nowait, piece)

            usage = self._start(prompt, True, put, stop)
            text = ""
            try:
                while (piece := await arriving.get()) is not None:
                    if isinstance(piece, Exception):
                        raise piece
                    text += piece
                    message = ChatMessage(role=MessageRole.ASSISTANT, content=text)
                    yield ChatResponse(message=message, delta=piece, additional_kwargs=dict(usage))
            finally:
                stop.set()

        return pieces()

    @property
    def _window(self) -> int:
        return min(WINDOW, getattr(self._model.config, "max_position_embeddings", WINDOW))

    def _prompt(self, messages: Sequence[ChatMessage]) -> str:
        """The messages in the model's chat template, or as plain text; special tokens in them are broken up."""
        marks = {*self._tokenizer.all_special_tokens, *self._tokenizer.get_added_vocab()}
        said = [{"role": message.role.value, "content": _without(message.content or "", marks)} for message in messages]
        if self._tokenizer.chat_template:
            return str(self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
        return "\n\n".join([*(f"{one['role']}: {one['content']}" for one in said), "assistant:"])

    def _start(self, prompt: str, formatted: bool, put: Put, stop: threading.Event) -> dict[str, int]:
        """Begin an answer in a thread and return its token counts, which grow as it is written."""
        usage = {"prompt_tokens": 0, "completion_tokens": 0}
        arguments = (prompt, formatted, put, stop, usage)
        threading.Thread(target=self._say, args=arguments, name="language model", daemon=True).start()
        return usage

    def _say(self, prompt: str, formatted: bool, put: Put, stop: threading.Event, usage: dict[str, int]) -> None:
        """Put one answer, word by word, once the earlier ones are done."""
        with self._turn:
            self._stop = stop
            try:
                if not stop.is_set():
                    self._generate(prompt, formatted, put, usage)
                put(None)
            except Exception as error:  # including _Stopped, which nobody reads
                put(error)

    def _generate(self, prompt: str, formatted: bool, put: Put, usage: dict[str, int]) -> None:
        import torch

        written = formatted and bool(self._tokenizer.chat_template)  # the template adds the special tokens
        asked = self._tokenizer(prompt, return_tensors="pt", add_special_tokens=not written).to(self._model.device)
        usage["prompt_tokens"] = asked["input_ids"].shape[1]
        left = self._window - usage["prompt_tokens"]
        if left <= 0:
            raise ValueError(f"{usage['prompt_tokens']} tokens do not fit a context window of {self._window}")
        with torch.inference_mode():
            self._model.generate(
                input_ids=asked["input_ids"],
                attention_mask=asked["attention_mask"],
                max_new_tokens=min(self.tokens, left),
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0,
                streamer=DecodedStream(self._tokenizer, put, usage),
            )

    def _go_on(self, *_: object) -> None:
        """Run before each layer, because reading a long prompt takes longer than a stop may."""
        if self._stop.is_set():
            raise _Stopped


class DecodedStream:
    """A transformers streamer: turns tokens into pieces of text, each as soon as its last character is complete."""

    def __init__(self, tokenizer: Any, put: Put, usage: dict[str, int]) -> None:
        """`usage` is updated with each piece that is `put`."""
        self._tokenizer, self._put, self._usage = tokenizer, put, usage
        self._tokens: list[int] | None = None  # None until the prompt, which comes first
        self._first = self._said = 0  # tokens between the two were said last; decoded again for the spacing

    def put(self, value: Any) -> None:
        """Take the prompt, then each token; shape `(1, n)` or `(n,)`."""
        if self._tokens is None:
            self._tokens = []
            return
        self._tokens += value.flatten().tolist()
        self._usage["completion_tokens"] = len(self._tokens)
        self._say(whole=len(self._tokens) - self._said < 4)  # no character has more than four bytes

    def end(self) -> None:
        """Say what is left after the last token."""
        self._say(whole=False)

    def _say(self, *, whole: bool) -> None:
        tokens = self._tokens or []
        before, after = (
            self._tokenizer.decode(tokens[self._first : end], skip_special_tokens=True)
            for end in (self._said, len(tokens))
        )
        if len(after) > len(before) and not (whole and after.endswith("\N{REPLACEMENT CHARACTER}")):
            self._first, self._said = self._said, len(tokens)
            self._put(after[len(before) :])


class _Stopped(Exception):
    """The reader has stopped."""


def _without(text: str, marks: set[str]) -> str:
    """A text with each mark broken by a space after its first character."""
    for mark in (mark for mark in marks if len(mark) > 2):
        text = text.replace(mark, f"{mark[:1]} {mark[1:]}")
    return text
