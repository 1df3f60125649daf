"""Objects of the Kubernetes cluster that the grant names.

A change records how the object stands before it is made, and `Target.put_back` in the step's undo restores that: the very pod template, with the digests that
ran, whatever the cluster's own history says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wit_world.imports import kube as host

from . import given, json
from .failure import answer, fail
from .recorded import Change, Revision, keep, kept, key
from .selection import Selection, pods, select
from .units import whole_millis, whole_secs

__all__ = [
    "Change",
    "Event",
    "Revision",
    "Rollout",
    "Selection",
    "Target",
    "daemon_set",
    "deployment",
    "object",
    "pod",
    "pods",
    "select",
    "stateful_set",
]


@dataclass(frozen=True)
class Rollout:
    """How far a rollout is."""

    wanted: int
    """Replicas that are wanted."""
    updated: int
    """Of the new template."""
    ready: int
    """Ready."""
    available: int
    """Ready for as long as they must be."""


@dataclass(frozen=True)
class Event:
    """Something that happened to an object."""

    at: str
    """When it was last seen."""
    kind: str
    """`Normal` or `Warning`."""
    reason: str
    """`FailedScheduling` and the like."""
    message: str
    """For a person."""
    count: int
    """How often it was seen."""


class Target:
    """An object that is named. Nothing happens before one of its calls."""

    def __init__(self, api_version: str, kind: str, namespace: str, id: str) -> None:
        self._api_version = given.text("an API version", api_version)
        self._kind = given.text("a kind", kind)
        self._namespace = given.text("a namespace", namespace)
        self._id = given.text("an object's name", id)
        self._timeout: int | None = None
        self._dry_run = False
        self._force = False

    def timeout(self, longest: timedelta) -> Target:
        """Deadline of each call; without it half a minute, and for a wait the step's."""
        self._timeout = whole_millis("a timeout", longest)
        return self

    def dry_run(self) -> Target:
        """Changes are only tried: the server checks them and keeps nothing."""
        self._dry_run = True
        return self

    def force(self) -> Target:
        """`apply` takes over fields that others manage."""
        self._force = True
        return self

    def read(self) -> Any:
        """The object; `None` when it is not there. Values of a `Secret` are not in it."""
        text = answer(self._ready().read)
        return None if text is None else self._parsed(text)

    def field(self, pointer: str) -> Any:
        """The value at a JSON pointer of the object, which must be there: `api.field("/spec/replicas")`."""
        text = answer(self._ready().read)
        if text is None:
            raise fail(f"there is no {self._place()}").with_code("kube.missing")
        return json.path(self._place(), text, pointer)

    def revision(self) -> Revision:
        """How it stands now."""
        return Revision(answer(self._ready().revision))

    def apply(self, object: Any) -> Change:
        """Applies an object on the server: the fields that this procedure manages and no others. It is made when it is not there."""
        text = self._written(object)
        return self._change(lambda target, before: answer(target.apply, before, text))

    def patch(self, patch: Any) -> Change:
        """Merges JSON into it (RFC 7386: lists are replaced, `None` removes)."""
        text = self._written(patch)
        return self._change(lambda target, before: answer(target.patch, before, text))

    def scale(self, replicas: int) -> Change:
        """Says how many replicas there are to be. That is no share of traffic. To 0 it is destructive, which the grant must say."""
        wanted = given.whole("the number of replicas", replicas)
        if not self._dry_run:
            # Else how many there are is somebody else's business.
            keep(key("scaled", self._place()), "true")
        return self._change(lambda target, before: answer(target.scale, before, wanted))

    def set_image(self, container: str, image: str) -> Change:
        """Puts another image into one container, in all of the pods. Best with its digest: `Change.unpinned` says when it has none."""
        which, what = given.text("a container", container), given.text("an image", image)
        return self._change(lambda target, before: answer(target.set_image, before, which, what))

    def restart(self) -> Change:
        """Replaces all of its pods."""
        return self._change(lambda target, before: answer(target.restart, before))

    def delete(self) -> None:
        """Deletes it; not there is well. Destructive, which the grant must say."""
        target = self._ready()
        answer(target.delete, self._before(target))

    def rollout_undo(self, recorded: Revision) -> Change:
        """Puts the pod template of a revision back. Most undos want `put_back`."""
        return Change(answer(self._ready().rollout_undo, recorded.revision))

    def put_back(self) -> None:
        """For an undo: puts back what the first change of this step has found.

        The pod template of a workload, and the number of replicas when this step has scaled it; of other objects all fields; what was not there is deleted. Does
        nothing when this step has changed nothing.
        """
        stood, scaled = key("kube", self._place()), key("scaled", self._place())
        text = kept(stood)
        if text is None:
            return
        recorded, target = answer(host.Revision.parse, text), self._ready(force=True)
        object, replicas = recorded.object(), recorded.replicas()
        if object is None:
            answer(target.delete, answer(target.revision))
        elif _has_template(json.read("the recorded object", object)):
            answer(target.rollout_undo, recorded)
            if replicas is not None and kept(scaled) is not None:
                answer(target.scale, answer(target.revision), replicas)
        else:
            answer(target.apply, answer(target.revision), object)
        keep(stood, "null")
        keep(scaled, "null")

    def rollout_status(self) -> Rollout:
        """Waits until the rollout is complete. A failure tells the states of the pods, the events and the last log lines."""
        far = self._parsed(answer(self._ready().rollout_status))
        return Rollout(far["wanted"], far["updated"], far["ready"], far["available"])

    def wait_for_condition(self, condition: str, status: str) -> Any:
        """Waits until a condition has a status: `("Available", "True")`."""
        return self._parsed(answer(self._ready().wait_for_condition, given.text("a condition", condition), given.text("a status", status)))

    def wait_for_json(self, pointer: str, value: Any) -> Any:
        """Waits until it has a value at a JSON pointer: a text, a number or a flag."""
        return self._parsed(answer(self._ready().wait_for_json, given.text("a pointer", pointer), given.words("the value at a pointer", value)))

    def wait_for_deleted(self) -> None:
        """Waits until it is gone."""
        answer(self._ready().wait_for_deleted)

    def logs(self, container: str, lines: int, since: timedelta) -> str:
        """The last lines that it, or its pods, have logged; each begins with pod and container. `container` is empty for all, `since` nothing for ever."""
        which, most = given.text("a container", container), given.whole("the number of lines", lines)
        return answer(self._ready().logs, which, most, whole_secs("a time", since))

    def events(self) -> list[Event]:
        """What happened to it lately, the latest last."""
        told = [self._parsed(event) for event in answer(self._ready().events)]
        return [Event(event["at"], event["kind"], event["reason"], event["message"], event["count"]) for event in told]

    def _ready(self, force: bool = False) -> Any:
        """In the host's words."""
        target = host.Target(self._api_version, self._kind, self._namespace, self._id)
        if self._timeout is not None:
            target.timeout(self._timeout)
        if self._dry_run:
            target.dry_run()
        if self._force or force:
            target.force()
        return target

    def _before(self, target: Any) -> Any:
        """How it stands before a change; what the first change of the step finds is remembered, for the undo goes back to before all of them."""
        before = answer(target.revision)
        stood = key("kube", self._place())
        if not self._dry_run and kept(stood) is None:
            keep(stood, before.text())
        return before

    def _change(self, make: Callable[[Any, Any], Any]) -> Change:
        target = self._ready()
        return Change(make(target, self._before(target)))

    def _written(self, object: Any) -> str:
        return given.text("an object", json.write(self._place(), object))

    def _parsed(self, text: str) -> Any:
        return json.read(self._place(), text)

    def _place(self) -> str:
        """`Deployment shop/api`, for messages."""
        return f"{self._kind} {self._namespace}{'/' if self._namespace else ''}{self._id}"


def deployment(namespace: str, id: str) -> Target:
    """A Deployment."""
    return object("apps/v1", "Deployment", namespace, id)


def stateful_set(namespace: str, id: str) -> Target:
    """A StatefulSet."""
    return object("apps/v1", "StatefulSet", namespace, id)


def daemon_set(namespace: str, id: str) -> Target:
    """A DaemonSet."""
    return object("apps/v1", "DaemonSet", namespace, id)


def pod(namespace: str, id: str) -> Target:
    """A pod."""
    return object("v1", "Pod", namespace, id)


def object(api_version: str, kind: str, namespace: str, id: str) -> Target:
    """Any object, whether or not it is there. `namespace` is empty for what belongs to none."""
    return Target(api_version, kind, namespace, id)


def _has_template(object: Any) -> bool:
    """Whether it is a workload."""
    spec = object.get("spec") if isinstance(object, dict) else None
    return isinstance(spec, dict) and "template" in spec
