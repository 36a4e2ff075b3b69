"""Which platform this is: the one place that chooses between the browser and CPython."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping, Sequence
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from intab.engine.display.taking import picture
from intab.engine.io.protocols import Notice, OnProgress
from intab.engine.io.waiting import wait
from intab.engine.loading.loader import Loader
from intab.engine.model import Model
from intab.engine.storage.storage import Storage
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.tasks.plain_network import PLAIN_NETWORK, LoadedNetwork
from intab.errors import DeviceError

if TYPE_CHECKING:
    from intab.engine.tasks.sentence_pipeline import SentencePipeline
    from intab.engine.tasks.text_ranking import RankingPipeline

T = TypeVar("T")


@cache
def loader() -> Loader:
    """The loader of this interpreter, which remembers its models."""
    if sys.platform == "emscripten":
        from intab.browser.runtime import BrowserRuntime, models_address, page_address

        return Loader(BrowserRuntime(), models_address(), page=page_address())
    try:
        from intab.native.runtime import NativeRuntime, endpoint, models_folder, token
    except ModuleNotFoundError as exc:
        from intab.native.extras import advice

        raise DeviceError(advice("Running models in CPython", "native", exc)) from exc
    native = Loader(
        NativeRuntime(), models_folder(), endpoint(), token=token(), is_folder=os.path.isdir
    )
    native.listeners.on_notice = _warn
    return native


def _warn(notice: Notice) -> None:
    """No page shows what is said beside a load: that nothing is kept must not go unheard."""
    if notice.kind == "memory":
        warnings.warn(notice.text, stacklevel=2)


async def setup(base: str | None = None) -> None:
    """Bring what intab needs of JavaScript to a Pyodide that others started, as in a notebook.

        await intab.setup(base="https://example.org/intab/")

    Where it is there already, and in CPython, this does nothing.

    Args:
        base: the address of a site that `make site` made; left out, the one that micropip has the
            wheel from.

    Raises:
        LoadError: it cannot be had: DownloadError if there is no intab, or the server lets no other
            origin in; PolicyError if the page's Content-Security-Policy refuses it; DeviceError if
            it is another version, or another site is used already.
        OptionError: `base` is no address, or is needed and was left out.
    """
    if sys.platform == "emscripten":
        from intab.browser.setup import bring

        await bring(base)


async def load(
    model: str | PathLike[str] = "default",
    *,
    dtype: str | Mapping[str, str] | None = None,
    device: str | Mapping[str, str] | None = None,
    endpoint: str | Sequence[str] | None = None,
    token: str | None = None,
    subfolder: str | PathLike[str] = "",
    keep: bool = True,
    on_progress: OnProgress | None = None,
) -> Model:
    """Load a model, or give back the one that is already loaded under that name.

    Args:
        model: a folder of models/, an id `org/name[@revision]` of a hub, a folder's address, or
            `disk:NAME`, a folder that the page was given; or a path (pathlib.Path). The address of
            a hub's page will do, and so will the path of a graph (.onnx) in its folder.
        dtype: "fp32", "fp16", "q8", "q8f32", "int8", "uint8", "q4", "q4f16" or "bnb4"; left out,
            the one that the device runs best. For a model of several graphs it may be a dict with
            a dtype for each role: {"decoder_model_merged": "q4", "embed_tokens": "fp16"}.
        device: "wasm" or "webgpu" in a browser, "cpu" in CPython, or a dict likewise; left out, the
            platform's first.
        endpoint: the hub's address, or that and its mirrors', of which the next is asked when one
            cannot be reached; left out, $HF_ENDPOINT in CPython or https://huggingface.co.
        token: the hub's access token, for private and gated models; left out, $HF_TOKEN in
            CPython. Only the first endpoint gets it, and it is kept nowhere.
        subfolder: the folder in it that the graph is in, such as "cpu_and_mobile/cpu-int4"; what
            else the model needs may be above it.
        keep: whether to store it, so that it need not be fetched again.
        on_progress: called with a `Progress` as bytes arrive and stages begin.

    Returns:
        The model, ready to run.

    Raises:
        LoadError: it cannot be loaded. Its subclasses in `intab.errors` say why:
            ModelNotFoundError, DownloadError, StorageError, ManifestError, UnsupportedModelError,
            DeviceError.
        OptionError: an argument is none of these, such as an address with a password in it.
    """
    found: Model = await loader().load(
        model,
        dtype=dtype,
        device=device,
        endpoint=endpoint,
        token=token,
        subfolder=subfolder,
        keep=keep,
        on_progress=on_progress,
    )
    return found


@overload
async def pipeline(
    task: Literal["sentence-similarity"], model: str | PathLike[str], **options: Any
) -> SentencePipeline: ...
@overload
async def pipeline(
    task: Literal["text-ranking"], model: str | PathLike[str], **options: Any
) -> RankingPipeline: ...
@overload
async def pipeline(task: str, model: str | PathLike[str], **options: Any) -> Pipeline: ...
async def pipeline(  # type: ignore[misc]  # whose options have names
    task: str,
    model: str | PathLike[str],
    *,
    dtype: str | Mapping[str, str] | None = None,
    device: str | Mapping[str, str] | None = None,
    endpoint: str | Sequence[str] | None = None,
    token: str | None = None,
    subfolder: str | PathLike[str] = "",
    keep: bool = True,
    on_progress: OnProgress | None = None,
) -> Pipeline:
    """Load a model for a task, or give back the one that is already loaded for it.

        pipe = await intab.pipeline("text-classification", "org/name")
        await pipe("I like it")

    Args:
        task: "text-classification" ("sentiment-analysis"), "token-classification" ("ner"),
            "question-answering", "fill-mask", "zero-shot-classification", "feature-extraction",
            "sentence-similarity", "text-ranking", "text-generation", "text2text-generation",
            "summarization", "translation", "translation_en_to_de" and other pairs,
            "image-classification", "image-feature-extraction", "zero-shot-image-classification",
            "object-detection", "zero-shot-object-detection", "image-segmentation",
            "background-removal", "depth-estimation", "image-to-text",
            "document-question-answering", "automatic-speech-recognition", "audio-classification",
            "text-to-image", "image-to-image"; docs/pipelines.md has what each takes and gives.
        model: as for `intab.load`, and so are dtype, device, endpoint, token, subfolder, keep and
            on_progress.
        dtype: a dtype, or a dict with one for each role.
        device: a device, or a dict likewise.
        endpoint: the hub's address, or that and its mirrors'.
        token: the hub's access token.
        subfolder: the folder in it that the graph is in.
        keep: whether to store it.
        on_progress: called with a `Progress` as bytes arrive and stages begin.

    Returns:
        The pipeline, ready to be called.

    Raises:
        LoadError: it cannot be loaded; its subclasses say why, as for `intab.load`.
        OptionError: there is no such task, or an argument is none of these.
    """
    # The tasks' modules come when they are asked for: a page that only writes text does not wait.
    from intab.engine.tasks.registry import as_pipeline, find_task

    found = await loader().load(
        model,
        dtype=dtype,
        device=device,
        endpoint=endpoint,
        token=token,
        subfolder=subfolder,
        keep=keep,
        on_progress=on_progress,
        task=find_task(task),
    )
    return as_pipeline(found)


async def network(
    model: str | PathLike[str],
    *,
    dtype: str | None = None,
    device: str | None = None,
    endpoint: str | Sequence[str] | None = None,
    token: str | None = None,
    subfolder: str | PathLike[str] = "",
    keep: bool = True,
    on_progress: OnProgress | None = None,
) -> LoadedNetwork:
    """Load any ONNX graph, or give back the one that is already loaded under that name.

        digits = await intab.network("./mnist/model.onnx")
        found = await digits.run({"pixels": pixels})

    Args:
        model: as for `intab.load`, and so are dtype, device, endpoint, token, subfolder, keep and
            on_progress. Of a folder the graph is onnx/model*.onnx or model*.onnx, or the only one
            that is there; neither config.json nor tokenizer.json is needed.
        dtype: a dtype.
        device: a device.
        endpoint: the hub's address, or that and its mirrors'.
        token: the hub's access token.
        subfolder: the folder in it that the graph is in.
        keep: whether to store it.
        on_progress: called with a `Progress` as bytes arrive and stages begin.

    Returns:
        The network, ready to run; its `inputs` and `outputs` say what it takes and gives.

    Raises:
        LoadError: it cannot be loaded; its subclasses say why, as for `intab.load`.
        OptionError: an argument is none of these.
    """
    found: LoadedNetwork = await loader().load(
        model,
        dtype=dtype,
        device=device,
        endpoint=endpoint,
        token=token,
        subfolder=subfolder,
        keep=keep,
        on_progress=on_progress,
        task=PLAIN_NETWORK,
    )
    return found


async def image(source: Any = None) -> Any:
    """Read a picture, or have the visitor choose one.

        picture = await intab.image("cat.jpg")
        picture.size    # (640, 480)

    Args:
        source: a path, an address, the bytes of a file, "data:image/...", a numpy array (uint8, or
            floats from 0 to 1; grey, RGB or RGBA), or a PIL.Image. In a page a string is an
            address, relative to the page; a Blob or File, an ArrayBuffer, an ImageBitmap and a
            canvas will do too. Left out, the page asks its visitor, who chooses a file, drops one
            or pastes one.

    Returns:
        A PIL.Image: the first frame, upright as EXIF says; CMYK has become RGB.

    Raises:
        PromptError: it is no picture, is damaged, or has too many pixels.
        DownloadError: it cannot be fetched.
        DeviceError: Pillow is not there.
        ProgramError: there is no visitor to ask.
    """
    if source is None:
        return await picture()
    return await loader().read_picture(source)


storage = Storage(lambda: loader().services, lambda spec: loader().locate(spec))


@overload
def run_sync(waiting: AsyncGenerator[T]) -> Iterator[T]: ...
@overload
def run_sync(waiting: Awaitable[T]) -> T: ...
def run_sync(waiting: Awaitable[Any] | AsyncGenerator[Any]) -> Any:
    """Wait for a result without `await`; of a stream, chunk by chunk.

        model = intab.run_sync(intab.load("default"))
        for chunk in intab.run_sync(model.stream("Once upon a time")):
            print(chunk, end="")

    All calls share one event loop in CPython.

    Returns:
        What the awaitable gives; an iterator over the chunks of a stream.

    Raises:
        ProgramError: it cannot wait: in a browser without JSPI, or in CPython while an event loop
            is running in the same thread.
    """
    if sys.platform == "emscripten":
        from intab.browser.waiting import run
    else:
        from intab.native.waiting import run
    return wait(waiting, run)
