"""A conversation with a model, which computes no token twice: `model.chat` makes one.

    chat = model.chat(system="You tell short stories.")
    print(await chat.send("Tell me of a fox."))
    async for chunk in chat.stream("And then?"):
        print(chunk, end="")

It owns one session and knows the ids in it. Each turn renders all messages, and whatever ids they
begin with that the session has are kept, so edits of `messages` need no care. It knows no template
and no graph: a `Speaker` turns messages into ids and runs them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

from intab.engine.generation.batch import Job
from intab.engine.generation.conversation import Snapshot as Snapshot
from intab.engine.generation.conversation import Speaker as Speaker
from intab.engine.generation.conversation import close_answer, common, with_calls
from intab.engine.generation.decode import complete
from intab.engine.generation.prefill import prefill
from intab.engine.generation.streamer import Generation, TextChunk, join
from intab.engine.replies.messages import Message, Said, as_messages, count_calls, is_open
from intab.engine.replies.results import ToolResult
from intab.engine.runtime.decoder import Session
from intab.errors import RunError

# Two users' words that begin differently: what their prompts share comes before the words.
_WORDS = ("A", "?")
_BUSY = "This chat is still answering: wait for its answer, or fork() the chat."


class Chat:
    """A conversation: `messages` is all that was said, a list that may be changed at will.

    An answer stands in `messages` as it is written, and before it what it answers. One that is
    broken off (Stop, break, an exception) stays as far as it came, since it was read; if nothing
    had come yet, the conversation is as it was before.
    """

    _session: Session | None = None

    def __init__(
        self,
        speaker: Speaker,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        context: Mapping[str, Any],
    ) -> None:
        self.messages: list[Message] = [dict(deepcopy(message)) for message in messages]
        self._speaker = speaker
        self._options = dict(options)
        self._context = dict(context)
        self._ids: list[int] = []  # those of the session's tokens that are certain, or a few more
        self._answering: AsyncGenerator[TextChunk] | None = None
        self._taken = False

    def __str__(self) -> str:
        said = (f"{one.get('role')}: {one.get('content')}" for one in self.messages)
        return "\n".join(said) or "(nothing was said yet)"

    def stream(self, said: Said = None, **options: Any) -> AsyncGenerator[TextChunk]:
        """Yield the answer, chunk by chunk; it and the words before it stand in `messages` then.

        A stream that was left in the middle is ended by the next one.

        Args:
            said: the user's words, or a message or messages of any role (a tool's result, say).
                Left out, the messages are answered as they are. If the last one is the
                assistant's, the answer goes on with it.
            options: those of `Model.stream`, over those that the chat was made with.

        Yields:
            `TextChunk`s; the last one has finish_reason and metrics.

        Raises:
            OptionError, PromptError: at once, before anything is computed; the conversation is as
                it was. ContextLengthError says that it has become too long: `truncation=True`
                leaves the oldest turns out of the prompt.
            RunError: the runtime failed, or this chat is still answering.
            ModelClosedError: the model was closed.
        """
        new = as_messages(said)
        job = self._job([*self.messages, *new], options)
        return self._answer(new, job)

    async def send(self, said: Said = None, **options: Any) -> Generation:
        """Compute the whole answer; see `stream`.

        Returns:
            The answer, which stands in `messages` too.

        Raises:
            OptionError, PromptError, RunError: as `stream`.
        """
        return await complete(self.stream(said, **options))

    async def run(
        self, said: Said = None, *, max_tool_rounds: int = 5, **options: Any
    ) -> Generation:
        """Answer as `send`, and call the chat's tools as the model asks for it.

        A tool is called with arguments that its schema allows, or not at all; its result, or what
        went wrong, is said to the model, which answers again. Async tools are awaited.

        Args:
            said, options: as for `send`; options are those of each answer.
            max_tool_rounds: how often calls are answered, at least 0; calls that are asked for
                after that are in the answer's tool_calls.

        Returns:
            The last answer; its tool_results are what came of all calls.

        Raises:
            OptionError, PromptError, RunError: as `stream`; PromptError if the tools are no
                functions.
        """
        chunks: list[TextChunk] = []
        results: list[ToolResult] = []
        written = self.run_stream(said, max_tool_rounds=max_tool_rounds, **options)
        async with aclosing(written):
            async for one in written:
                if isinstance(one, ToolResult):
                    results.append(one)
                    chunks.clear()  # of the answer that asked for the call
                else:
                    chunks.append(one)
        return replace(join(chunks), tool_results=tuple(results))

    def run_stream(
        self, said: Said = None, *, max_tool_rounds: int = 5, **options: Any
    ) -> AsyncGenerator[TextChunk | ToolResult]:
        """Yield what `run` makes as it comes: each answer's chunks, and each call's result.

        Yields:
            `TextChunk`s, of which the last one of each answer has finish_reason, and after an
            answer that asks for calls a `ToolResult` for each of them, as soon as it is there.

        Raises:
            OptionError, PromptError, RunError: as `run`, and at once where it can be known.
        """
        from intab.engine.replies.running import as_answers, functions_of, run_rounds  # rare

        functions = functions_of(self._context.get("tools"), max_tool_rounds)

        def go_on(done: Sequence[ToolResult]) -> AsyncGenerator[TextChunk]:
            first = count_calls(self.messages) - len(done)
            return self.stream(as_answers(done, first), **options)

        return run_rounds(self.stream(said, **options), functions, go_on, max_tool_rounds)

    async def prefill(self) -> None:
        """Compute the messages so far, e.g. a long system prompt, before the first words come.

        Raises:
            PromptError: the messages cannot be rendered, or are longer than the context.
            RunError: the runtime failed, or this chat is still answering.
        """
        with self._alone():
            await self._end_answer()
            ids, size = self._beginning()
            with self._again_after_failure():
                session = await self._begin(ids, len(ids))
                if session.length < len(ids):
                    await prefill(session, [ids[session.length :]], size)

    def fork(self) -> Chat:
        """Begin another conversation with all of this one, its computed tokens included.

        Returns:
            The other conversation; neither changes the other.
        """
        other = Chat(self._speaker, (), self._options, self._context)
        kept = self.snapshot()
        other.restore(kept)
        kept.close()
        return other

    def snapshot(self) -> Snapshot:
        """Keep the conversation as it is now, to be restored later, in this chat or in another one.

        Returns:
            The snapshot, which holds memory until it is closed.
        """
        session = self._session.fork() if self._session else None
        return Snapshot(deepcopy(self.messages), session, tuple(self._ids))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, which may be restored any number of times until it is closed."""
        self.close()
        self.messages = [dict(deepcopy(message)) for message in snapshot.messages]
        self._session = snapshot.session.fork() if snapshot.session else None
        self._ids = list(snapshot.ids)

    def close(self) -> None:
        """Give the computed tokens' memory back. The messages stay: `send` computes them again."""
        if self._session:
            self._session.close()
            self._session = None

    def __del__(self) -> None:
        self.close()

    async def __aenter__(self) -> Chat:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _job(self, messages: Sequence[Message], options: Mapping[str, Any]) -> Job:
        going_on = {"continue_final_message": True} if is_open(messages) else {}
        return self._speaker.job(
            messages, {**self._options, **options}, {**self._context, **going_on}
        )

    async def _answer(self, new: Sequence[Message], job: Job) -> AsyncGenerator[TextChunk]:
        answer: Message | None = None
        so_far: list[TextChunk] = []
        last: tuple[int, ...] = ()
        with self._alone():
            await self._end_answer()
            with self._again_after_failure():
                session = await self._begin(job.prompt, len(job.prompt) - 1)
            self._answering = chunks = self._speaker.stream(session, job)
        with self._again_after_failure():
            async with aclosing(chunks):
                async for chunk in chunks:
                    # The session may not have the last id yet, and a wrong guess in its place.
                    certain = (*last, *chunk.ids)
                    self._ids += certain[:-1]
                    last = certain[-1:]
                    answer = answer or self._open_answer(new)
                    answer["content"] += chunk.text
                    so_far.append(chunk)
                    if chunk.finish_reason:
                        so_far[-1] = chunk = with_calls(so_far, self._context.get("tools"))
                        close_answer(answer, so_far, self.messages, self._speaker.as_written)
                    yield chunk

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """RunError if somebody else has begun to use the session."""
        if self._taken:
            raise RunError(_BUSY)
        self._taken = True
        try:
            yield
        finally:
            self._taken = False

    @contextmanager
    def _again_after_failure(self) -> Iterator[None]:
        """A session whose runtime failed is not trusted again."""
        try:
            yield
        except RunError:
            self.close()
            raise

    async def _end_answer(self) -> None:
        """End a stream that was left in the middle; RunError if somebody still waits for it."""
        if self._answering:
            try:
                await self._answering.aclose()
            except RuntimeError as exc:
                raise RunError(_BUSY) from exc

    def _open_answer(self, new: Sequence[Message]) -> Message:
        """What was said and a message for its answer, which may be one that goes on."""
        self.messages += new
        if not is_open(self.messages):
            self.messages.append({"role": "assistant", "content": ""})
        return self.messages[-1]

    async def _begin(self, ids: Sequence[int], most: int) -> Session:
        """The session with as much of `ids` as it has, at most `most` of them."""
        if self._session is None:
            self._session, self._ids = self._speaker.session(), []
        kept = min(common(self._ids, ids), self._session.length, most)
        await self._session.rewind(kept)
        self._ids = list(ids)
        return self._session

    def _beginning(self) -> tuple[Sequence[int], int]:
        """The ids that the next prompt will begin with, and how many to compute at once."""
        if self.messages and self.messages[-1].get("role") == "user":
            job = self._job(self.messages, {})
            return job.prompt, job.options.prefill_chunk_size
        jobs = [
            self._speaker.job([*self.messages, *as_messages(words)], self._options, self._context)
            for words in _WORDS
        ]
        shared = common(*(job.prompt for job in jobs))
        return jobs[0].prompt[:shared], jobs[0].options.prefill_chunk_size
