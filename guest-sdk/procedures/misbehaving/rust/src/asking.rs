//! Guests that ask for what may not be, or cannot be.

use lockstep::prelude::*;

use crate::{Mode, mode};

pub(crate) const MODES: &[Mode] = &[
    mode("invalid-utf8", |_| shell::command("/usr/bin/printf").arg(r"\377\376").run()?.text().map(drop)),
    mode("nul-argument", |_| shell::command("/usr/bin/printf").arg("a\0b").run().map(drop)),
    mode("relative-program", |_| shell::command("printf").arg("a").run().map(drop)),
    mode("many-arguments", |_| shell::command("/usr/bin/printf").args(["a"; 257]).run().map(drop)),
    mode("huge-stdin", |_| shell::command("/bin/cat").stdin(vec![b'x'; (16 << 20) + 1]).run().map(drop)),
    mode("endless-output", |_| shell::command("/usr/bin/yes").timeout(millis(300)).run().map(drop)),
    mode("not-granted", |_| shell::command("/usr/bin/env").run().map(drop)),
    mode("url-with-space", |_| http::get("http://exa mple.com/").send().map(drop)),
    mode("url-with-credentials", |_| http::get("http://user:word@127.0.0.1/").send().map(drop)),
    mode("huge-url", |_| http::get(format!("http://127.0.0.1:1/{}", "x".repeat(10_000_000))).send().map(drop)),
    mode("huge-body", |_| http::put("http://127.0.0.1:1/").bytes(vec![0; (16 << 20) + 1]).send().map(drop)),
    mode("many-headers", |_| (0..65).fold(http::get("http://127.0.0.1:1/"), |request, _| request.header("x-a", "b")).send().map(drop)),
    mode("metadata", |_| http::get("http://169.254.169.254/latest/").send().map(drop)),
    mode("header-injection", |_| http::get("http://127.0.0.1:1/").header("x-a", "b\r\nx-c: d").send().map(drop)),
    mode("hosts-own-header", |_| http::get("http://127.0.0.1:1/").header("idempotency-key", "mine").send().map(drop)),
    mode("path-with-dots", |_| files::read("/box/../../etc/passwd").map(drop)),
    mode("huge-path", |_| files::read(&format!("/box/{}", "x".repeat(10_000_000))).map(drop)),
    mode("huge-file", |_| files::write("/box/file", &vec![0; (16 << 20) + 1])),
    mode("link-outside", |_| files::link("/box/out", "../../../../etc")),
    mode("echo-secret", |ctx| {
        let secret = secret::by_id("PLANTED")?;
        let echoed = shell::command("/bin/cat").stdin(format!("it is {secret}")).run()?.expect_success()?;
        info!("{}", echoed.text()?);
        ctx.remember("echo", echoed.text()?)?;
        bail!("so it said: {}", echoed.text()?);
    }),
    mode("echo-captured", |ctx| {
        let far: String = ctx.parameter("far")?;
        for first in [0, 5] {
            let login = http::post(format!("{far}/login/{first}")).idempotent();
            (0..5).fold(login, |login, number| login.capture(format!("/{number}"), format!("C{:02}", first + number))).send()?.expect_status(200)?;
        }
        let echoed = http::get(format!("{far}/echo")).send()?.text()?.to_owned();
        info!("{echoed}");
        ctx.remember("echo", &echoed)?;
        bail!("so it said: {echoed}");
    }),
    mode("secret-in-argument", |_| shell::command("/bin/echo").arg(secret::by_id("PLANTED")?).run().map(drop)),
];
