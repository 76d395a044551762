"""What the file commands share: a text read, work shared out, a file written whole, sentences."""

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, Protocol, TextIO, TypeVar

import typer

from app.errors import Refusal
from app.faults import Fault
from app.feeds.imports.text import Unpacked, lines

Task = TypeVar("Task")
Read = TypeVar("Read")
UNUSABLE = 2


def read(path: Path, reader: Callable[..., Read]) -> Read:
    with path.open("rb") as file:
        return reader(lines(Unpacked(file, sys.maxsize)), file=path.name)


def in_order(act: Callable[[Task], Read], tasks: Iterable[Task], workers: int) -> Iterator[Read]:
    """What `act` makes of each task, in their order; few of them are in memory at a time."""
    if workers == 1:
        yield from map(act, tasks)
        return
    # Spawned: a forked process would share the threads and locks of the numeric libraries.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawned) as pool:
        waiting: deque[Future[Read]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(act, task))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class Said(Protocol):
    @property
    def said(self) -> str: ...


Told = TypeVar("Told", bound=Said)


def shown(done: Iterator[Told], count: int) -> Iterator[Told]:
    """A bar on a terminal, a line for each elsewhere."""
    if sys.stderr.isatty():
        with typer.progressbar(done, length=count, label="Cut-offs", file=sys.stderr) as bar:
            yield from bar
        return
    for each in done:
        say([each.said])
        yield each


@contextmanager
def writing(out: str) -> Iterator[TextIO]:
    """A text that is written beside its place, and put there once it is whole."""
    path = Path(out).resolve()
    if out == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as text:
            yield text
            text.seek(0)
            pour(text, out)
        return
    if path.is_dir():
        unusable(f"{out} is a folder. Give --out the name of a file.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as text:
            yield text
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def pour(text: TextIO, out: str) -> None:
    """To stdout, or to what is no file: a pipe, a device."""
    if out != "-":
        with Path(out).open("w", encoding="utf-8", newline="") as place:
            shutil.copyfileobj(text, place)
        return
    stdout = typer.get_binary_stream("stdout")
    with suppress(BrokenPipeError):  # who reads it had enough
        stdout.writelines(line.encode() for line in text)
        stdout.flush()


@contextmanager
def usable() -> Iterator[None]:
    """What is wrong with what was given is said in sentences, and ends with 2."""
    try:
        yield
    except Refusal as refused:
        say([f"{where(fault)}: {fault.detail}" for fault in refused.faults])
        unusable(refused.detail)
    except BrokenProcessPool:
        typer.secho("A process was ended, maybe for its memory. Try fewer --workers.", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        unusable(f"This cannot be read or written: {error}.")


def where(fault: Fault) -> str:
    return f"row {fault.row}" + (f" column {fault.column}" if fault.column else "")


def unusable(sentence: str) -> NoReturn:
    typer.secho(sentence, err=True, fg="red")
    raise typer.Exit(UNUSABLE)


def say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(sentence, err=True)
