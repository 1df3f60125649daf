//! `multipart/form-data`: a body of several parts, put together in the one way that every server reads.

use lockstep_model::request::{Header, HttpRequest};
use lockstep_model::{Content, Digest, Failure};

use crate::shown::shown;

/// Most parts of a body.
pub(super) const MOST: usize = 64;
const LONGEST_WORD: usize = 1024;

/// One part.
pub(super) struct Part {
    head: String,
    content: Vec<u8>,
}

impl Part {
    pub(super) fn field(key: String, value: String) -> Result<Self, Failure> {
        Ok(Self { head: format!("content-disposition: form-data; name=\"{}\"\r\n\r\n", quoted(&key)?), content: value.into_bytes() })
    }

    pub(super) fn file(key: String, filename: String, content_type: String, bytes: Vec<u8>) -> Result<Self, Failure> {
        let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if content_type.is_empty() || content_type.len() > LONGEST_WORD || !content_type.bytes().all(plain) {
            return Err(Failure::problem("http.header", format!("`{}` is no content type of a part", shown(&content_type))));
        }
        let (key, filename) = (quoted(&key)?, quoted(&filename)?);
        let head = format!("content-disposition: form-data; name=\"{key}\"; filename=\"{filename}\"\r\ncontent-type: {content_type}\r\n\r\n");
        Ok(Self { head, content: bytes })
    }

    pub(super) fn size(&self) -> usize {
        self.head.len() + self.content.len()
    }
}

/// Makes the parts the body of a request. What stands between them follows from them, so that the same parts are the same request in every replay.
pub(super) fn put(parts: &[Part], request: &mut HttpRequest) -> Result<(), Failure> {
    if request.body.is_some() || request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type")) {
        return Err(Failure::problem("http.header", "a body of several parts has neither another body nor a header `content-type`: the host sets it"));
    }
    let all: Vec<u8> = parts.iter().flat_map(|part| part.head.bytes().chain(part.content.iter().copied())).collect();
    let boundary = format!("lockstep-{}", &Digest::of(&all).hex()[..32]);
    let mut body = Vec::with_capacity(all.len() + (parts.len() + 1) * (boundary.len() + 6));
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}", part.head).as_bytes());
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    request.headers.push(Header { name: "content-type".to_owned(), value: format!("multipart/form-data; boundary={boundary}") });
    request.body = Some(Content(body));
    Ok(())
}

/// As browsers write it: a quote and line ends percent-encoded, everything else as it is.
fn quoted(word: &str) -> Result<String, Failure> {
    if word.is_empty() || word.len() > LONGEST_WORD || word.contains('\0') {
        return Err(Failure::problem(
            "http.header",
            format!("`{}` is no name of a part: it is empty, longer than {LONGEST_WORD} bytes, or has a NUL", shown(word)),
        ));
    }
    Ok(word.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A"))
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::{Header, HttpRequest};

    use super::{Part, put};

    #[test]
    fn parts_are_put_together_and_no_name_ends_its_line() {
        let parts = [
            Part::field("a\"b\r\nx: y".into(), "{{secret:KEY:01}}".into()).unwrap(),
            Part::file("file".into(), "r\u{f6}.txt".into(), "text/plain".into(), vec![0, 255]).unwrap(),
        ];
        let mut request = HttpRequest::to("POST", "http://a/");
        put(&parts, &mut request).unwrap();
        let boundary = request.headers[0].value.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        let body = String::from_utf8_lossy(&request.body.as_ref().unwrap().0).into_owned();
        assert!(
            body.starts_with(&format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"a%22b%0D%0Ax: y\"\r\n\r\n{{{{secret:KEY:01}}}}\r\n--{boundary}\r\n"
            )),
            "{body}"
        );
        assert!(
            body.contains("; name=\"file\"; filename=\"r\u{f6}.txt\"\r\ncontent-type: text/plain\r\n\r\n")
                && body.ends_with(&format!("\r\n--{boundary}--\r\n"))
        );
        let mut again = HttpRequest::to("POST", "http://a/");
        put(&parts, &mut again).unwrap();
        assert_eq!(request, again);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        assert!(Part::field(String::new(), String::new()).is_err());
        assert!(Part::file("a".into(), "b".into(), "text/plain\r\nx: y".into(), Vec::new()).is_err());
        let mut request = HttpRequest::to("POST", "http://a/");
        request.headers.push(Header { name: "Content-Type".into(), value: "text/plain".into() });
        assert!(put(&[Part::field("a".into(), "b".into()).unwrap()], &mut request).is_err());
    }
}
