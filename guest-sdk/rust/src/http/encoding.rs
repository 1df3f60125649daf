//! Names and values as they stand in a query or a form.

/// Puts `name=value` at the end of the URL's query, before a fragment.
pub(super) fn add_to_query(url: &mut String, name: &str, value: &str) {
    let end = url.find('#').unwrap_or(url.len());
    let separator = match url[..end].split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    url.insert_str(end, &format!("{separator}{}={}", escaped(name), escaped(value)));
}

/// The body of a form.
pub(super) fn form<V: ToString>(fields: impl IntoIterator<Item = (&'static str, V)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(&value.to_string()))).collect();
    fields.join("&")
}

/// Percent-escapes all but the characters that RFC 3986 calls unreserved.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_grows_before_the_fragment() {
        let mut url = String::from("http://a/x?#top");
        add_to_query(&mut url, "a", "1");
        add_to_query(&mut url, "b", "2");
        assert_eq!(url, "http://a/x?a=1&b=2#top");
    }
}
