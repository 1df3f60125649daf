//! Files and artifacts.

use lockstep::prelude::*;

use crate::refused;

/// As large as the largest part of an artifact that is read at once, and one more.
const LARGE: usize = (1 << 20) + 1;

/// The digest of a file that has one line.
const LINE: &str = "sha256:3887c2cd3bec16420dc71507a74cf7f0a5effdd361f6d9cbe27b77831de8f65f";

pub fn keep(ctx: &Ctx) -> Result<()> {
    let odd: Vec<String> = ctx.output("told")?;
    files::make_directory("/box/all/inner")?;
    files::write_text("/box/all/odd", &odd.join("|"))?;
    files::append_text("/box/all/odd", "+")?;
    info!("{} {}", files::read_text("/box/all/odd")?, files::digest("/box/all/odd")?);
    files::append_text_probed("/box/all/line", "one line\n", &Probe::file("/box/all/line", LINE).otherwise_did_not())?;
    files::expect_digest("/box/all/line", LINE)?;
    files::write("/box/all/bytes", &[0, 255, 10, 0])?;
    ensure!(files::read("/box/all/bytes")? == [0, 255, 10, 0], "other bytes were read");
    files::write("/box/all/empty", &[])?;
    info!("{}", files::read("/box/all/empty")?.len());
    files::link("/box/all/link", "odd")?;
    ensure!(files::link_target("/box/all/link")?.as_deref() == Some("odd"), "the link points elsewhere");
    ensure!(!files::exists("/box/all/none")?, "there is something where nothing was made");
    info!("{} {}", files::entries("/box/all")?.join(","), files::disk_free("/box")?);
    refused("what is not there", files::read_text("/box/all/none"));
    refused("what is outside", files::read_text("/etc/passwd"));
    refused("what is no text", files::read_text("/box/all/bytes"));
    refused("what is no file", files::read("/box/all/inner"));
    refused("what is no path", files::read("/box/../etc"));
    refused("what stands there", files::link("/box/all/odd", "line"));
    artifacts()
}

fn artifacts() -> Result<()> {
    let odd = files::keep("/box/all/odd", "odd")?;
    info!("{} {}", odd.id(), odd.digest());
    files::place("/box/all/placed", &artifact::by_id("odd")?)?;
    files::place_program("/box/all/program", &odd)?;
    let large = artifact::from_text("large", &"x".repeat(LARGE))?;
    info!("{} {}", large.digest(), large.bytes()?.len());
    info!("{} {}", large.read_at(1 << 20, 5)?.len(), large.read_at(1 << 63, 5)?.len());
    info!("{} {}", artifact::from_bytes("empty", &[])?.size()?, odd.text()?);
    refused("another of the same id", artifact::from_text("large", "another"));
    refused("an id that is none", artifact::from_text("No id", ""));
    refused("no artifact", artifact::by_id("none"));
    Ok(())
}

pub fn remove(_: &Ctx) -> Result<()> {
    files::remove("/box/all")
}
