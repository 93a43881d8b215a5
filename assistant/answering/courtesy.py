"""Replies to what is no question about the articles: a greeting, thanks, or a question about the assistant."""

from article_assistant.types import Answer, Context

REPLIES = {
    "greeting": "Hello. {ask}",
    "thanks": "You are welcome.",
    "assistant": "I look for your answer in the articles here and give it in their own words, with a link to where it "
    "stands. Where they don’t answer, I say so; I know nothing else. {ask}",
}
HOW = "Ask me anything about the articles, in a whole sentence, as you would ask a colleague.{titles}"


def reply(question: str, kind: str, context: Context | None) -> Answer:
    """The reply to a courtesy of that kind, with the titles of a few articles; it cites nothing."""
    named = ", ".join(f"“{title}”" for title in (context.titles() if context else ()))
    text = REPLIES[kind].format(ask=HOW.format(titles=f" Among them: {named}." if named else ""))
    return Answer(question, False, None, text, "refused", None, (), remark=True)
