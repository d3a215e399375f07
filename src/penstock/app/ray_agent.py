"""The agent of a run on Ray: `python -m penstock.app.ray_agent DESCRIPTOR`. It takes orders and sends news.

What Ray loses (a node, a worker killed for memory) is ordered again here, and only that. When the runner's socket closes,
all that was ordered is cancelled, and the agent ends.
"""

import contextlib
import os
import queue
import select
import socket
import sys
import threading
import time
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.app.ray_node import perform
from penstock.executors.knocking import knock
from penstock.executors.pool import Channel
from penstock.executors.ray_cluster import Anew, News, Order, Plain, ToAgent, Up, Where
from penstock.executors.wire import Halt
from penstock.model.event import Begun, Queued
from penstock.model.task import Ended, Failure

__all__ = ["Agent", "main"]

_AGAIN = 5  # times that a task is ordered again which Ray lost
_PATIENCE = 15.0  # seconds that a cancelled task has on its node, before its worker is killed
_LOOK = 0.5  # seconds between two looks at what long tasks tell
_PAUSE = 1.0  # seconds between two tries to connect
_NAMESPACE = "penstock"


class Agent:
    """Orders from the runner to Ray, and back."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._done: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        self._orders: dict[str, Order] = {}
        self._refs: dict[str, Any] = {}
        self._tries: dict[str, int] = {}
        self._halted: dict[str, float] = {}
        self._kinds: dict[Any, Any] = {}
        self._since: dict[str, float] = {}
        self._mailbox: Any = None
        self._name = f"mailbox-{os.urandom(8).hex()}"
        self._looked = 0.0
        self._told: set[str] = set()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(News)
        self._ray: Any = None
        self._tokened = False  # whether the cluster's token is sent
        self._site = b""

    def run(self) -> None:
        """Serve until the runner goes."""
        if not self._begin():
            return
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        while self._channel.open:
            poll.register(self._channel.socket, select.POLLIN | (select.POLLOUT if self._channel.waiting else 0))
            for descriptor, flags in poll.poll(_LOOK * 1000 if self._orders else None):
                if descriptor == self._woken:
                    os.read(self._woken, 65536)
                    continue
                if flags & select.POLLOUT:
                    self._channel.flush()
                if flags & ~select.POLLOUT:
                    for message in self._channel.hear():
                        self._take(message)
            self._settle()
            self._look()
        for ref in self._refs.values():
            self._ray.cancel(ref, force=True)
        time.sleep(0.2 if self._refs else 0.0)
        self._ray.shutdown()

    def _begin(self) -> bool:
        """Connect as the runner says first of all, and take what it says meanwhile; whether there is anything to serve."""
        waiting: list[Any] = []
        begun = time.monotonic()
        while not waiting:
            select.select([self._channel.socket], [], [])
            waiting = self._channel.hear()
            if not self._channel.open:
                return False
        first = waiting.pop(0)
        assert isinstance(first, Where)
        while (trouble := self._connect(first)) is not None:
            left = first.patience - (time.monotonic() - begun)
            if not trouble.passes or left <= 0:
                self._channel.say(trouble.plain(first.patience))
                self._flush()
                return False
            if select.select([self._channel.socket], [], [], min(left, _PAUSE))[0]:
                waiting += self._channel.hear()
                if not self._channel.open:
                    return False
        for message in waiting:
            self._take(message)
        return True

    # --- Ray

    def _connect(self, where: Where) -> "_Trouble | None":
        """Connect, and say so; what stands in the way, if something does."""
        address = where.address or os.environ.get("RAY_ADDRESS", "")
        try:
            import ray
        except ImportError as error:
            return _Trouble(f"executor `ray` needs {error.name or error}", "pip install 'penstock[ray]'", passes=False)
        self._ray = ray
        self._site = self._encoder.encode(where.site)
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": _NAMESPACE}
        try:
            if address:
                knock(address)
                os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "3")  # seconds, not 20: what waits is above
                ray.init(address=address, **quiet)
            else:
                ray.init(
                    address="local",  # not one that somebody started on this machine, or left traces of
                    num_cpus=where.cpus,
                    num_gpus=where.gpus or None,
                    object_store_memory=100 << 20,  # nothing large goes through it
                    include_dashboard=False,
                    **quiet,
                )
            alive = [one for one in ray.nodes() if one["Alive"]]
            self._channel.say(Up(len(alive), float(ray.cluster_resources().get("CPU", 1))))
        except Exception as error:
            with contextlib.suppress(Exception):
                ray.shutdown()
            place = f"at {address}" if address else "on this machine"
            if _of_token(error):
                if not self._tokened and _with_token():
                    self._tokened = True
                    return self._connect(where)
                hint = "Name the cluster's own: RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token (`ray get-auth-token`)."
                return _Trouble(f"Ray {place} wants another token than is here", hint, passes=False)
            words = " ".join(str(error).split())[:500]
            hint = "Start it (`ray start --head`), or name it with `--address`."
            return _Trouble(f"Ray {place} can't be reached: {words}", hint)
        return None

    def _take(self, message: Order | Halt) -> None:
        if isinstance(message, Order):
            self._orders[message.task.id] = message
            self._tries[message.task.id] = 0
            self._submit(message)
        else:
            self._halt(message.task)

    def _submit(self, order: Order) -> None:
        task = order.task
        wanted = task.resources
        kind = self._kinds.get(wanted)
        if kind is None:
            options: dict[str, Any] = {"num_cpus": wanted.cpus, "max_retries": 0}
            if wanted.gpus:
                options["num_gpus"] = wanted.gpus
            if wanted.memory:
                options["memory"] = wanted.memory
            if wanted.custom:
                options["resources"] = dict(wanted.custom)
            kind = self._kinds[wanted] = self._ray.remote(**options)(_on_node)
        ref = kind.remote(self._encoder.encode(order), self._site, self._name)
        self._refs[task.id] = ref
        self._since[task.id] = time.monotonic()
        ref.future().add_done_callback(partial(self._ended, task.id, order.fence))

    def _box(self) -> Any:
        if self._mailbox is None:
            self._mailbox = self._ray.remote(num_cpus=0, max_restarts=-1, name=self._name)(_Mailbox).remote()
        return self._mailbox

    def _ended(self, task: str, fence: int, future: Any) -> None:
        # In a thread of Ray's.
        error = future.exception()
        self._done.put((task, fence, error if error is not None else future.result()))
        os.write(self._waker, b".")

    def _settle(self) -> None:
        while not self._done.empty():
            task, fence, found = self._done.get()
            order = self._orders.get(task)
            if order is None or order.fence != fence:
                continue
            if isinstance(found, bytes):
                self._forget(task)
                self._channel.say(self._decoder.decode(found))
            else:
                self._failed(order, found)

    def _failed(self, order: Order, error: BaseException) -> None:
        """Ray could not bring it to an end: cancelled, or lost with its node or worker."""
        task, kind = order.task, type(error).__name__
        if task.id in self._halted or "Cancel" in kind:
            ended = Ended(task.id, "cancelled")
        elif self._tries[task.id] < _AGAIN and kind not in ("RayTaskError", "RuntimeEnvSetupError"):
            self._tries[task.id] += 1
            order = self._orders[task.id] = replace(order, fence=order.fence + 1)
            self._told.discard(task.id)
            self._channel.say(Anew(task.id, order.fence))
            self._submit(order)
            return
        else:
            words = " ".join(str(error).split())
            failure = Failure(
                "WorkerDied",
                f"the node or worker of step `{task.step}` was lost {self._tries[task.id] + 1} times ({kind}): {words[:300]}",
                hint="See `ray status`; a step that needs much memory should say so: resources={'memory': …}.",
            )
            ended = Ended(task.id, "failed", failure=failure)
        self._forget(task.id)
        self._channel.say(News(task.id, order.fence, (ended,), first=-1))

    def _forget(self, task: str) -> None:
        for known in (self._orders, self._refs, self._tries, self._halted, self._since):
            known.pop(task, None)
        self._told.discard(task)

    def _halt(self, task: str) -> None:
        ref = self._refs.get(task)
        if ref is not None:
            self._halted[task] = time.monotonic() + _PATIENCE
            self._ray.cancel(ref, force=False)

    def _look(self) -> None:
        """What tasks tell that take long; which will never begin; and which did not stop when they were asked."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        for task, until in list(self._halted.items()):
            if now > until:
                self._halted[task] = now + _PATIENCE
                self._ray.cancel(self._refs[task], force=True)
        long = [task for task, since in self._since.items() if now - since > _LOOK]
        if not long:
            return
        try:
            for data in self._ray.get(self._box().take.remote(), timeout=2.0):
                news = self._decoder.decode(data)
                order = self._orders.get(news.task)
                if order is not None and order.fence == news.fence:
                    self._told.update([one.task for one in news.events if isinstance(one, Begun)])
                    self._channel.say(news)
        except Exception:  # its node is gone: Ray makes it anew
            pass
        with contextlib.suppress(Exception):  # the head is away: Ray says so in its own time
            self._doubt([task for task in long if task not in self._told])

    def _doubt(self, tasks: list[str]) -> None:
        """Say of tasks that no node can take what they wait for."""
        if not tasks:
            return
        nodes = [one["Resources"] for one in self._ray.nodes() if one["Alive"]]
        for task in tasks:
            order = self._orders[task]
            wanted = order.task.resources
            asked = {"CPU": wanted.cpus, "GPU": wanted.gpus, "memory": wanted.memory, **dict(wanted.custom)}
            if not any(all(one.get(name, 0) >= amount for name, amount in asked.items()) for one in nodes):
                self._told.add(task)
                lacking = ", ".join([f"{amount:g} {name}" for name, amount in asked.items() if amount])
                event = Queued(task, order.task.step, f"waits until a node has {lacking}: none of {len(nodes)} has")
                self._channel.say(News(task, order.fence, (event,), first=-1))

    def _flush(self) -> None:
        end = time.monotonic() + 5.0
        while self._channel.waiting and time.monotonic() < end:
            self._channel.flush()
            time.sleep(0.01)


def _with_token() -> bool:
    """Have Ray send the token that is here, which it does by itself only to a cluster that it starts; whether there is one.

    Where a cluster wants none, none must be sent: what answers is then refused."""
    try:
        from ray._private.authentication import authentication_token_setup as setup
    except ImportError:  # an older Ray, which knows none
        return False
    return bool(setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False))


def _of_token(error: BaseException | None) -> bool:
    """Whether a connection failed for the cluster's token. (Ray tells that in the text of one of several errors.)"""
    while error is not None:
        if "AuthenticationError" in f"{type(error).__name__} {error}":
            return True
        error = error.__cause__ or error.__context__
    return False


class _Trouble(NamedTuple):
    """Why Ray can't be reached; and whether that may be another a moment later."""

    words: str
    hint: str
    passes: bool = True

    def plain(self, waited: float) -> Plain:
        """The same for people."""
        return Plain(
            f"{self.words} (waited for it for {waited:.0f} s)" if waited and self.passes else self.words, self.hint
        )


class _Mailbox:
    """What tasks tell while they go on, until the agent fetches it."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._lock = threading.Lock()

    def put(self, data: bytes) -> None:
        """Keep some news."""
        self._held.append(data)

    def take(self) -> list[bytes]:
        """All that was kept."""
        held, self._held = self._held, []
        return held


def _on_node(order: bytes, site: bytes, mailbox: str) -> bytes:
    def tell(data: bytes) -> None:
        import ray

        ray.get_actor(mailbox, namespace=_NAMESPACE).put.remote(data)

    return perform(order, site, tell)


def main() -> None:
    """Be the agent behind this socket."""
    control = socket.socket(fileno=int(sys.argv[-1]))
    control.set_inheritable(False)
    Agent(Channel(control, ToAgent)).run()


if __name__ == "__main__":
    from penstock.app.ray_agent import main as begin  # under its own name, so that Ray finds its functions on nodes

    begin()
