"""The assistant as a llama-index query engine; needs no LLM and leaves the global Settings alone."""

from dataclasses import asdict

from article_assistant.pipeline import Assistant
from article_assistant.types import User
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode


class QueryEngine(BaseQueryEngine):
    """Answers as `user`: the response is the answer's text, its source nodes are the citations."""

    def __init__(self, assistant: Assistant, user: User) -> None:
        super().__init__(callback_manager=CallbackManager())
        self._assistant = assistant
        self._user = user

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer = self._assistant.answer(query_bundle.query_str, self._user)
        nodes = []
        for citation in map(asdict, answer.citations):
            text, start, end = (citation.pop(name) for name in ("quote", "start", "end"))
            node = TextNode(text=text, start_char_idx=start, end_char_idx=end, metadata=citation)
            nodes.append(NodeWithScore(node=node))
        return Response(answer.answer, nodes, {"answered": answer.answered, "short": answer.short, "mode": answer.mode})

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return self._query(query_bundle)
