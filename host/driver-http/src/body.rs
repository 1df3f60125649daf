//! Reads a body up to the limit, and not a byte beyond.

use http_body_util::BodyExt as _;
use lockstep_model::Failure;

use crate::course::Course;
use crate::exchange::{Answer, told};

/// The body, and whether it was longer than `limit` and has been cut.
pub(crate) async fn read(answer: Answer, limit: usize, course: &Course) -> Result<(Vec<u8>, bool), Failure> {
    let (mut incoming, connection) = answer.into_body();
    let mut body = Vec::new();
    course.enters("reading the body of the response".to_owned());
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| course.interrupted("http.protocol", &told("the server", &error)))?;
        let Ok(bytes) = frame.into_data() else { continue };
        let room = limit - body.len();
        body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return Ok((body, true));
        }
    }
    drop(connection);
    Ok((body, false))
}
