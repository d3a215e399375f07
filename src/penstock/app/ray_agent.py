"""The agent of a run on Ray: `python -m penstock.app.ray_agent DESCRIPTOR`. It takes orders and sends news.

What Ray loses (a node, a worker killed for memory) is ordered again here, and only that. When the runner's socket closes,
all that was ordered is cancelled, and the agent ends.
"""

import os
import queue
import select
import socket
import sys
import threading
import time
from functools import partial
from typing import Any

import msgspec

from penstock.app.ray_node import perform
from penstock.executors.pool import Channel
from penstock.executors.ray_cluster import News, Order, Plain, ToAgent, Up, Where
from penstock.executors.wire import Halt
from penstock.model.event import Begun, Queued
from penstock.model.task import Ended, Failure

__all__ = ["Agent", "main"]

_AGAIN = 5  # times that a task is ordered again which Ray lost
_PATIENCE = 15.0  # seconds that a cancelled task has on its node, before its worker is killed
_LOOK = 0.5  # seconds between two looks at what long tasks tell
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
        self._site = b""

    def run(self) -> None:
        """Serve until the runner goes."""
        waiting: list[Any] = []
        while not waiting:
            select.select([self._channel.socket], [], [])
            waiting = self._channel.hear()
            if not self._channel.open:
                return
        first = waiting.pop(0)
        assert isinstance(first, Where)
        if not self._connect(first):
            self._flush()
            return
        for message in waiting:
            self._take(message)
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

    # --- Ray

    def _connect(self, where: Where) -> bool:
        try:
            import ray
        except ImportError as error:
            self._channel.say(Plain(f"executor `ray` needs {error.name or error}", "pip install 'penstock[ray]'"))
            return False
        self._ray = ray
        self._site = self._encoder.encode(where.site)
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": _NAMESPACE}
        address = where.address or os.environ.get("RAY_ADDRESS", "")
        try:
            if address:
                _knock(address)
                ray.init(address=address, **quiet)
            else:
                ray.init(
                    num_cpus=where.cpus,
                    num_gpus=where.gpus or None,
                    object_store_memory=100 << 20,  # nothing large goes through it
                    include_dashboard=False,
                    **quiet,
                )
        except Exception as error:
            words = " ".join(str(error).split())[:500]
            place = f"at {address}" if address else "on this machine"
            self._channel.say(
                Plain(
                    f"Ray {place} can't be reached: {words}",
                    "Start it (`ray start --head`), or name it with `--address`.",
                )
            )
            return False
        alive = [one for one in ray.nodes() if one["Alive"]]
        self._channel.say(Up(len(alive), float(ray.cluster_resources().get("CPU", 1))))
        return True

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


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself would try for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10.0).close()


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
