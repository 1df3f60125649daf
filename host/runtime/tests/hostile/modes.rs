//! What `misbehaving` does, mode by mode. A mode that is not here fails a test.

use crate::cases::End::{Fails, Harmless, Late, NoPlan, Pauses, Waits};
use crate::cases::{Case, End, Guest, SMALL};

const fn mode(name: &'static str, limits: &'static str, end: End) -> Case {
    Case { name, guest: Guest::Mode, limits, end }
}

/// A second for a step that would never end.
const SECOND: &str = "step = \"1s\"\nmemory = \"64MiB\"";
const FEW_CALLS: &str = "calls = 300";

pub(crate) const MODES: &[Case] = &[
    // Plans of several steps, and texts that steer.
    mode("denied-later", SMALL, Fails("denied", 6)),
    mode("denied-paused", SMALL, Pauses("denied")),
    mode("steering", SMALL, Fails("step.failed", 1)),
    // Plans that do not hold.
    mode("cyclic", SMALL, NoPlan("circle")),
    mode("duplicate", SMALL, NoPlan("twice")),
    mode("needs-nobody", SMALL, NoPlan("not declared")),
    mode("huge-id", SMALL, NoPlan("10000000 bytes")),
    mode("escapes-in-a-title", SMALL, NoPlan("control character")),
    mode("many-steps", SMALL, NoPlan("1000")),
    mode("slow-circle", SMALL, NoPlan("circle")),
    mode("panic-in-plan", SMALL, NoPlan("on purpose, in the plan")),
    mode("call-in-plan", SMALL, NoPlan("clock.now")),
    mode("loop-in-plan", "fuel = 100_000_000", NoPlan("limits.fuel")),
    mode("memory-in-plan", "memory = \"16MiB\"", NoPlan("limits.memory")),
    // The processor and the memory.
    mode("nothing", SMALL, Harmless),
    mode("loop", SECOND, Late("step", 1)),
    mode("memory", SMALL, Fails("limit.memory", 1)),
    mode("copy-for-ever", SECOND, Late("step", 1)),
    mode("recursion", SMALL, Fails("limit.recursion", 1)),
    mode("panic", SMALL, Fails("step.exception", 1)),
    mode("long-panic", SMALL, Fails("step.exception", 1)),
    mode("fail-after-an-effect", SMALL, Fails("step.failed", 6)),
    mode("loop-after-an-effect", SECOND, Late("step", 6)),
    mode("loop-in-undo", "undo = \"1s\"", Late("undo", 4)),
    mode("panic-in-undo", SMALL, Fails("step.exception", 4)),
    mode("memory-in-undo", SMALL, Fails("limit.memory", 4)),
    mode("call-forever-in-undo", FEW_CALLS, Fails("limit.calls", 4)),
    // Calls, messages, handles, bytes.
    mode("call-forever", "calls = 2_000", Fails("limit.calls", 1)),
    mode("effect-forever", FEW_CALLS, Fails("limit.calls", 6)),
    mode("deny-forever", FEW_CALLS, Fails("limit.calls", 1)),
    mode("random-forever", "output = \"1MiB\"", Fails("limit.output", 1)),
    mode("log-flood", "log = \"64KiB\"", Fails("limit.log", 1)),
    mode("huge-log", "", Harmless),
    mode("huge-fields", "", Harmless),
    mode("handles", "", Fails("limit.handles", 1)),
    mode("sent-handles", "", Fails("limit.handles", 1)),
    mode("bodies-kept", SMALL, Fails("limit.memory", 1)),
    mode("artifact-flood", "artifacts = \"16MiB\"", Fails("artifact.room", 6)),
    mode("huge-artifact", "artifacts = \"16MiB\"", Fails("artifact.room", 1)),
    mode("read-flood", "output = \"16MiB\"", Fails("limit.output", 6)),
    mode("remember-flood", SMALL, Fails("run.limit", 1)),
    mode("remember-much", SMALL, Fails("run.limit", 1)),
    // What may not be, or cannot be.
    mode("invalid-utf8", SMALL, Fails("shell.invalid-utf8", 1)),
    mode("nul-argument", SMALL, Fails("shell.argument", 1)),
    mode("relative-program", SMALL, Fails("shell.argument", 1)),
    mode("many-arguments", SMALL, Fails("shell.limit", 1)),
    mode("huge-stdin", "", Fails("shell.limit", 1)),
    mode("endless-output", "", Fails("timed-out", 1)),
    mode("not-granted", SMALL, Fails("denied", 3)),
    mode("echo-captured", SMALL, Fails("denied", 3)),
    mode("url-with-space", SMALL, Fails("http.url", 1)),
    mode("url-with-credentials", SMALL, Fails("http.url", 1)),
    mode("huge-url", SMALL, Fails("http.url", 1)),
    mode("huge-body", "", Fails("http.limit", 1)),
    mode("many-headers", SMALL, Fails("http.limit", 1)),
    mode("metadata", SMALL, Fails("denied", 3)),
    mode("header-injection", SMALL, Fails("http.header", 1)),
    mode("hosts-own-header", SMALL, Fails("http.header", 1)),
    mode("path-with-dots", SMALL, Fails("files.path", 1)),
    mode("huge-path", SMALL, Fails("files.path", 1)),
    mode("huge-file", "", Fails("files.limit", 1)),
    mode("link-outside", SMALL, Fails("denied", 3)),
    mode("echo-secret", SMALL, Fails("step.failed", 1)),
    mode("secret-in-argument", SMALL, Fails("shell.argument", 1)),
    // Lies.
    mode("claims-a-denial", SMALL, Fails("guest.claim", 1)),
    mode("claims-a-limit", SMALL, Fails("guest.code", 1)),
    mode("claims-the-host", SMALL, Fails("guest.code", 1)),
    mode("claims-a-doubt", SMALL, Fails("in-doubt", 1)),
    mode("claims-it-was-late", SMALL, Fails("timed-out", 1)),
    mode("retryable-for-ever", SMALL, Fails("act.again", 1)),
    mode("code-that-is-none", SMALL, Fails("guest.code", 1)),
    mode("huge-failure", "", Fails("step.failed", 1)),
    mode("progress-beyond-the-end", SMALL, Harmless),
    mode("plans-in-a-step", SMALL, Fails("guest.trap", 1)),
    mode("artifact-twice", SMALL, Fails("artifact.taken", 6)),
    // Waits.
    mode("pause-for-ever", SECOND, Fails("timed-out", 1)),
    mode("pause-too-long", SMALL, Fails("clock.limit", 1)),
    mode("sleep-for-ever", SMALL, Waits),
    mode("think-and-sleep", SMALL, Waits),
    mode("sleep-too-long", SMALL, Fails("clock.limit", 6)),
    mode("sleep-until-nonsense", SMALL, Fails("clock.limit", 6)),
];
