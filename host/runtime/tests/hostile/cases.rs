//! What a case is: who misbehaves, under which limits, and how that must end.

/// One hostile guest and its end.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) guest: Guest,
    /// Lines of `[limits]` in the grant; the rest are the defaults.
    pub(crate) limits: &'static str,
    pub(crate) end: End,
}

/// Who misbehaves.
pub(crate) enum Guest {
    /// The mode of `misbehaving` that has the case's name.
    Mode,
    /// A component of its own.
    Component(fn() -> Vec<u8>),
}

/// How it must end.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// It is not loaded: nothing of it is executed. The error has this in it.
    Refused(&'static str),
    /// It loads and declares nothing that holds, and there is no run. The error has this in it.
    NoPlan(&'static str),
    /// Its step fails with this code, and the run ends with this exit code.
    Fails(&'static str, u8),
    /// As `Fails`, because the time is up that this key of the grant gives.
    Late(&'static str, u8),
    /// As `Fails`, but the procedure wants a person to decide: the run is paused, whether one is attached or not.
    Pauses(&'static str),
    /// It is let go of until the instant that it waits for; when that has come again and again, the run's time is up.
    Waits,
    /// The host took it, and nothing came of it.
    Harmless,
}

/// Under the default limits but for the memory, which is a quarter.
pub(crate) const SMALL: &str = "memory = \"64MiB\"";
