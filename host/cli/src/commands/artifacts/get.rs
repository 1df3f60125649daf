//! `lockstep artifacts get`: the bytes of an artifact, into a file or on standard output, piece by piece.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use lockstep_api::{Code, Exit};
use lockstep_journal::blobs::pump;
use lockstep_journal::{BlobError, BlobReader};
use serde::Serialize;

use super::find;
use crate::context::{Context, program};
use crate::error::CliError;
use crate::fsio;
use crate::journal::Run;
use crate::ui::{bytes, harmless};

/// What is longer is no text to be read on a terminal.
const LONGEST_SHOWN: u64 = 1 << 20;

/// Print the bytes of an artifact, or write them to a file
///
/// They are compared with the artifact's digest: a file is there whole or not at all. On a terminal only text is printed.
#[derive(Debug, clap::Args)]
pub(super) struct GetArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// The artifact's id
    id: String,
    /// Write them to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    id: String,
    file: PathBuf,
    digest: String,
    size: String,
}

/// Does it.
///
/// # Errors
/// When there is no such artifact, its bytes are gone or changed, or it cannot be written.
pub(super) fn run(args: &GetArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let artifact = find(&run, &args.id)?;
    let sealed = artifact.sealed;
    let mut reader = run.store.open_blob(sealed.digest)?.ok_or_else(|| artifact.gone(&run))?;
    let ui = context.ui();
    if let Some(file) = &args.output {
        fsio::write_from(file, &mut *reader)?;
        if ui.json() {
            ui.print_json(&Written { id: sealed.id.clone(), file: file.clone(), digest: sealed.digest.to_string(), size: sealed.size.clone() })?;
        } else {
            ui.say(format!("{} is artifact `{}`, {}", file.display(), sealed.id, bytes(artifact.size())));
        }
        return Ok(Exit::Done);
    }
    if ui.json() {
        return Err(CliError::new(Code::Usage, "an artifact is no JSON").hint("write it to a file with `-o FILE`, or leave `--json` out"));
    }
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let text = text(&mut *reader)?.ok_or_else(|| {
            let error = CliError::new(Code::Usage, format!("artifact `{}` is not a text for a terminal ({})", sealed.id, bytes(artifact.size())));
            error.hint(format!("write it to a file: `{} artifacts get {} {} -o FILE`", program(), run.state.run, sealed.id))
        })?;
        drop(out);
        text.split_inclusive('\n').for_each(|line| ui.data(harmless(line.trim_end_matches('\n'))));
        return Ok(Exit::Done);
    }
    let piece = |piece: &[u8]| out.write_all(piece);
    // Who reads no more wants no more: that is no error of ours.
    let _gone = pump(&mut *reader, piece).map_err(BlobError::from)?;
    Ok(Exit::Done)
}

/// All of it, when it is a short text.
fn text(reader: &mut dyn BlobReader) -> Result<Option<String>, CliError> {
    if reader.size() > LONGEST_SHOWN {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(BlobError::from)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
}
