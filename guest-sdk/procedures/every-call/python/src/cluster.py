"""Objects of a cluster."""

from lockstep import Ctx, ensure, kube, log, millis, secs
from refused import refused

PINNED = "registry.test/api@sha256:2222222222222222222222222222222222222222222222222222222222222222"


def change(_: Ctx) -> None:
    stands()
    workload()
    waits()
    others()
    refusals()


def stands() -> None:
    api = kube.deployment("shop", "api").timeout(secs(20))
    log.info(f"{'true' if api.read() else 'false'} {api.field('/spec/replicas')}")
    ensure(kube.deployment("shop", "none").read() is None, "something is there")
    stood = kube.Revision.parse(api.revision().text())
    log.info(f"{stood.replicas()} {stood.image('api')}")
    ensure(stood.image("none") is None and stood.object() is not None, "it stands otherwise")
    ensure(kube.deployment("shop", "none").revision().object() is None, "something was there")
    api.rollout_undo(stood)


def workload() -> None:
    """What is put back is what was found first."""

    def api() -> kube.Target:
        return kube.deployment("shop", "api").timeout(secs(20))

    tried = api().dry_run().set_image("api", PINNED).expect_pinned()
    log.info(f"{len(tried.unpinned())} {tried.object()['kind']}")
    api().put_back()
    api().set_image("api", PINNED)
    api().scale(5)
    api().restart()
    api().put_back()
    api().put_back()


def waits() -> None:
    api = kube.deployment("shop", "api")
    far = api.rollout_status()
    log.info(f"{far.wanted} {far.updated} {far.ready} {far.available}")
    log.info(api.wait_for_condition("Available", "True")["kind"])
    log.info(api.wait_for_json("/spec/replicas", 2)["kind"])
    api.wait_for_json("/spec/paused", True)
    log.info(api.logs("api", 10, millis(1_500)))
    for event in api.events():
        log.info(f"{event.at} {event.kind} {event.reason} {event.message} {event.count}")
    pods = kube.pods("shop").labels("app=api").fields("status.phase=Running").limit(10).entries()
    log.info(f"{len(pods)} {pods[0]['name']}")


def others() -> None:
    def settings(id: str) -> kube.Target:
        return kube.object("v1", "ConfigMap", "shop", id).force()

    settings("there").apply({"data": {"name": "ü"}})
    settings("there").put_back()
    settings("fresh").apply({"data": {"name": "ü"}})
    settings("fresh").put_back()
    settings("x" * 80).apply({"data": {}})
    settings("gone").delete()
    settings("gone").wait_for_deleted()


def put_back(_: Ctx) -> None:
    """The one that is not put back above."""
    kube.object("v1", "ConfigMap", "shop", "x" * 80).put_back()


def refusals() -> None:
    refused("changed since", lambda: kube.deployment("shop", "api").patch({"spec": {"paused": None}}))
    refused("too late", lambda: kube.deployment("shop", "slow").timeout(secs(1)).rollout_status())
    refused("not there", lambda: kube.deployment("shop", "none").field("/spec"))
    refused("another kind", lambda: kube.stateful_set("shop", "api").read())
    refused("another namespace", lambda: kube.deployment("other", "api").read())
    refused("another verb", lambda: kube.daemon_set("shop", "api").restart())
    refused("no name", lambda: kube.pod("shop", "").read())
    refused("another list", lambda: kube.select("v1", "Secret", "shop").entries())
    refused("no revision", lambda: kube.Revision.parse("{}"))
    refused("too many replicas", lambda: kube.deployment("shop", "api").scale(2**32 - 1))
