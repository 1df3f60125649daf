//! Does what a host must contain: the parameter `how` picks one. For tests, not to learn from.

use lockstep::prelude::*;

lockstep::procedure!(misbehaving);

fn misbehaving(p: &mut Procedure) {
    p.describe("misbehaving", "0.1.0").title("Does what a host must contain");
    p.parameter("how").title("What to do").fallback("nothing");
    match p.value::<String>("how").as_deref() {
        Some("cyclic") => {
            p.step("a", "Needs b", nothing).needs(["b"]);
            p.step("b", "Needs a", nothing).needs(["a"]);
        }
        Some("duplicate") => {
            p.step("a", "One", nothing);
            p.step("a", "The same", nothing);
        }
        Some("huge-id") => {
            p.step("x".repeat(10_000_000), "A name of 10 MB", nothing);
        }
        Some("many-steps") => {
            for number in 0..1_001 {
                p.step(format!("step-{number}"), "One of too many", nothing);
            }
        }
        Some("panic-in-plan") => panic!("on purpose, in the plan"),
        Some("call-in-plan") => {
            let _ = clock::now();
            p.step("a", "Never reached", nothing);
        }
        Some(how @ ("denied-later" | "denied-paused")) => {
            p.step("write", "Leaves a file behind", write).undo(|_| files::remove("/box/left"));
            let act = p.step("act", "Asks for what may not be granted", ask);
            if how == "denied-paused" {
                act.on_failure_pause();
            }
        }
        Some("steering") => {
            p.phase(TURNING);
            p.step("act", TURNING, steer).about(TURNING);
        }
        _ => {
            p.step("act", "Does it", act).undo(|_| Ok(()));
        }
    }
}

/// Turns what follows round. No control character: those are refused in a plan.
const TURNING: &str = "a \u{202e} b";
/// Clears a screen in two ways and turns what follows round.
const STEERING: &str = "a \u{1b}[2J \u{9b}2J \u{202e} b";

fn steer(_: &Ctx) -> Result<()> {
    info!("{STEERING}");
    warn!("{STEERING}");
    bail!("{STEERING}");
}

fn write(_: &Ctx) -> Result<()> {
    files::write_text("/box/left", "here")?;
    info!("wrote it");
    Ok(())
}

fn ask(_: &Ctx) -> Result<()> {
    shell::command("/usr/bin/env").run()?.expect_success()?;
    info!("asked for it");
    Ok(())
}

fn nothing(_: &Ctx) -> Result<()> {
    Ok(())
}

fn act(ctx: &Ctx) -> Result<()> {
    match ctx.parameter::<String>("how")?.as_str() {
        "nothing" => {}
        "loop" => loop {
            std::hint::black_box(0);
        },
        "call-forever" => loop {
            clock::now()?;
        },
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1_u8; 1 << 20]);
                std::hint::black_box(&hoard);
            }
        }
        "recursion" => {
            std::hint::black_box(deeper(0));
        }
        "panic" => panic!("on purpose, in a step"),
        "huge-log" => info!("{}", "x".repeat(50_000_000)),
        "log-flood" => loop {
            info!("again");
        },
        "invalid-utf8" => {
            shell::command("/usr/bin/printf").arg(r"\377\376").run()?.text()?;
        }
        "nul-argument" => {
            shell::command("/usr/bin/printf").arg("a\0b").run()?;
        }
        "relative-program" => {
            shell::command("printf").arg("a").run()?;
        }
        "not-granted" => {
            shell::command("/usr/bin/env").run()?;
        }
        "url-with-space" => {
            http::get("http://exa mple.com/").send()?;
        }
        "url-with-credentials" => {
            http::get("http://user:word@127.0.0.1/").send()?;
        }
        "metadata" => {
            http::get("http://169.254.169.254/latest/").send()?;
        }
        "header-injection" => {
            http::get("http://127.0.0.1:1/").header("x-a", "b\r\nx-c: d").send()?;
        }
        "path-with-dots" => {
            files::read("/box/../../etc/passwd")?;
        }
        "link-outside" => {
            files::link("/box/out", "../../../../etc")?;
        }
        "echo-secret" => {
            let secret = secret::by_id("PLANTED")?;
            let echoed = shell::command("/bin/cat").stdin(format!("it is {secret}")).run()?.expect_success()?;
            info!("{}", echoed.text()?);
            ctx.remember("echo", echoed.text()?)?;
            bail!("so it said: {}", echoed.text()?);
        }
        "secret-in-argument" => {
            shell::command("/bin/echo").arg(secret::by_id("PLANTED")?).run()?;
        }
        other => bail!("`{other}` is nothing I know how to do"),
    }
    Ok(())
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(level: u64) -> u64 {
    std::hint::black_box(deeper(level + 1)) + 1
}
