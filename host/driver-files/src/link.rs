//! Switches a link: a new one beside the old, then renamed over it, so that a reader always finds one of the two.

use std::io;
use std::path::Component;

use lockstep_model::Failure;

use crate::fault::fault;
use crate::mount::{Named, Place, sync_directory};
use crate::replace::Beside;

/// The longest target: what the kernel takes as a link's text.
const TARGET_LIMIT: usize = 4095;

/// Points the link at the place to `target`, which must stay inside the mount.
pub(crate) fn point(place: &Place<'_>, target: &str, key: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| fault("link", place.shown, &error);
    let Named { parent, name } = place.named("link")?;
    // Others read the link from the directory as it really is: a link on the way to it must not make `..` mean something else.
    let directory = place.root.canonicalize(place.parent_path()).map_err(failed)?;
    let depth = directory.components().filter(|part| matches!(part, Component::Normal(_))).count();
    require_inside(place.shown, target, depth)?;
    match parent.symlink_metadata(name) {
        Ok(metadata) if !metadata.is_symlink() => {
            let found = if metadata.is_dir() { "a directory" } else { "a file" };
            return Err(Failure::problem(
                "files.exists",
                format!("cannot link `{}`: {found} stands there, and only a link is replaced; remove it first", place.shown),
            ));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(_) | Err(_) => {}
    }
    let switch = || {
        let beside = Beside::name(&parent, key)?;
        // Unchecked by cap-std, which would judge the target by this directory alone; checked above against the mount.
        parent.symlink_contents(target, &beside.name)?;
        beside.rename_to(name)?;
        sync_directory(&parent)
    };
    switch().map_err(failed)
}

/// Refuses a target that leads, or could lead, out of the mount from a directory `depth` below it.
fn require_inside(shown: &str, target: &str, depth: usize) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::problem("files.path", format!("cannot link `{shown}`: {why}")));
    if target.is_empty() || target.len() > TARGET_LIMIT || target.contains('\0') {
        return refused("the target is empty, too long or contains a NUL byte");
    }
    if target.starts_with('/') {
        return refused("the target is absolute; give it relative to the link's directory");
    }
    let parts = || target.split('/').filter(|part| !matches!(*part, "" | "."));
    let ups = parts().take_while(|part| *part == "..").count();
    if ups > depth {
        return refused("the target leads out of the mount");
    }
    // After a name `..` means the parent of wherever that name leads, which may be anywhere.
    if parts().skip(ups).any(|part| part == "..") {
        return refused("the target has a `..` after a name; `..` may only stand at its beginning");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::require_inside;

    #[test]
    fn a_target_stays_inside_its_mount() {
        for (depth, right) in [(0, "releases/2"), (0, "./a/"), (1, "../a"), (2, "../../a"), (1, "..")] {
            assert!(require_inside("/app/l", right, depth).is_ok(), "{right}");
        }
        for (depth, wrong) in [(0, ""), (0, "/etc"), (0, ".."), (0, "../a"), (1, "../../a"), (3, "a/../b"), (1, ".././../a"), (0, "a\0")] {
            assert_eq!(require_inside("/app/l", wrong, depth).unwrap_err().code(), "files.path", "{wrong}");
        }
    }
}
