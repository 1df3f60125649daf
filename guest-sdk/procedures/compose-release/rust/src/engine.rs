//! The Docker engine and the compose project, by the commands that an operator would type.

use lockstep::prelude::*;

fn docker(ctx: &Ctx, args: &[&str]) -> Result<shell::Command> {
    Ok(shell::command(ctx.parameter::<String>("docker")?).args(args))
}

/// A command on the project.
pub fn compose(ctx: &Ctx, args: &[&str]) -> Result<shell::Command> {
    Ok(shell::command(ctx.parameter::<String>("docker-compose")?).args(["-f", &ctx.parameter::<String>("compose-file")?]).args(args))
}

/// The name with a digest under which a registry knows an image: a tag may mean another one tomorrow.
fn digest_of(ctx: &Ctx, image: &str, repository: Option<&str>) -> Result<String> {
    let found = docker(ctx, &["image", "inspect", "--format={{json .RepoDigests}}", image])?.run()?.expect_success()?.json::<Vec<String>>()?;
    let fits = |name: &&String| repository.is_none_or(|wanted| name.split('@').next() == Some(wanted));
    let pinned = found.iter().find(fits).cloned();
    pinned.ok_or_else(|| fail(format!("{image} has no digest of a registry: once it is gone from this machine nobody could bring it back")))
}

/// `registry:5000/shop:2.0.0` and `registry:5000/shop@sha256:…` without what follows the repository.
fn repository(image: &str) -> &str {
    let named = image.split('@').next().unwrap_or(image);
    match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => named,
    }
}

/// What the container of a slot was made of.
pub fn image_of(ctx: &Ctx, slot: &str) -> Result<String> {
    let listed = compose(ctx, &["ps", "-q", slot])?.env("BLUE_IMAGE", "unknown").env("GREEN_IMAGE", "unknown").run()?.expect_success()?;
    let container = listed.text()?.trim();
    ensure!(!container.is_empty(), "the slot {slot} has no container");
    let inspected = docker(ctx, &["inspect", "--format={{.Image}}", container])?.run()?.expect_success()?;
    digest_of(ctx, inspected.text()?.trim(), None)
}

/// Pulls, and says by its digest what came.
pub fn pull(ctx: &Ctx, image: &str) -> Result<String> {
    docker(ctx, &["pull", "--quiet", image])?.run()?.expect_success()?;
    digest_of(ctx, image, Some(repository(image)))
}

/// An image that cannot be started is no way back.
pub fn expect_there(ctx: &Ctx, pinned: &str) -> Result<()> {
    docker(ctx, &["image", "inspect", "--format={{.Id}}", pinned])?.run()?.expect_success()?;
    Ok(())
}

/// Makes the container of one slot of its image and starts it; the other slot is not touched.
pub fn up(ctx: &Ctx, slot: &str, images: &[(&str, &str)]) -> Result<()> {
    let mut command = compose(ctx, &["up", "-d", "--no-deps", "--no-build", slot])?;
    for (slot, image) in images {
        command = command.env(format!("{}_IMAGE", slot.to_uppercase()), image);
    }
    command.run()?.expect_success()?;
    Ok(())
}

/// Stops the container of one slot and leaves it there.
pub fn stop(ctx: &Ctx, slot: &str) -> Result<()> {
    compose(ctx, &["stop", slot])?.env("BLUE_IMAGE", "unknown").env("GREEN_IMAGE", "unknown").run()?.expect_success()?;
    Ok(())
}
