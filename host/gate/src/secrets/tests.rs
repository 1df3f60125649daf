//! Values of secrets put in and taken out, in every form.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lockstep_model::Secret;
use lockstep_model::request::SecretPlace;

use super::Secrets;

fn knowing(value: &str) -> Secrets {
    let secrets = Secrets::new("seed");
    secrets.learn("KEY", Secret::new(value.as_bytes().to_vec()));
    secrets
}

#[test]
fn a_value_is_taken_out_in_every_form() {
    let secrets = knowing("s3cr\"t/+value");
    let plain = "s3cr\"t/+value";
    let hex: String = plain.bytes().map(|b| format!("{b:02x}")).collect();
    for form in [plain.to_owned(), STANDARD.encode(plain), hex, "s3cr%22t%2F%2Bvalue".into(), "s3cr\\\"t/+value".into()] {
        let scrubbed = secrets.scrub_text(&format!("before {form} after"));
        assert_eq!(scrubbed, format!("before {} after", secrets.marker("KEY")), "{form}");
    }
}

#[test]
fn a_marker_is_replaced_and_escaped_in_json() {
    let secrets = knowing("a\"b");
    let mut body = format!(r#"{{"password":"{}"}}"#, secrets.marker("KEY")).into_bytes();
    secrets.place(SecretPlace::Json(&mut body));
    assert_eq!(body, br#"{"password":"a\"b"}"#);
}

#[test]
fn a_marker_in_a_form_or_a_query_is_found_however_it_is_encoded_and_so_is_its_value() {
    let secrets = knowing("a&b=c d");
    let marker = secrets.marker("KEY");
    let inner = marker.trim_matches(['{', '}']);
    for spelling in [
        marker.clone(),
        format!("%7B%7B{}%7D%7D", inner.replace(':', "%3A")),
        format!("%7b%7b{}%7d%7d", inner.replace(':', "%3a")),
        format!("%7B%7B{inner}%7D%7D"),
    ] {
        let mut form = format!("user=x&password={spelling}&n=1").into_bytes();
        assert!(secrets.is_marked(&form, "KEY"), "{spelling}");
        secrets.place(SecretPlace::Form(&mut form));
        assert_eq!(String::from_utf8(form).unwrap(), "user=x&password=a%26b%3Dc%20d&n=1", "{spelling}");
        let mut url = format!("https://a.example/x?token={spelling}");
        secrets.place(SecretPlace::Query(&mut url));
        assert_eq!(url, "https://a.example/x?token=a%26b%3Dc%20d", "{spelling}");
    }
}

#[test]
fn a_marker_before_a_query_stays_one() {
    let secrets = knowing("evil.example");
    let mut url = format!("https://{}/?a=b", secrets.marker("KEY"));
    let before = url.clone();
    assert!(!secrets.is_marked(SecretPlace::Query(&mut url).text(), "KEY"));
    secrets.place(SecretPlace::Query(&mut url));
    assert_eq!(url, before);
}

#[test]
fn a_value_that_is_a_marker_pulls_in_nothing() {
    let secrets = knowing("precious");
    secrets.learn("A", Secret::new(secrets.marker("KEY").into_bytes()));
    let mut text = secrets.marker("A");
    secrets.place(SecretPlace::Text(&mut text));
    assert_eq!(text, secrets.marker("KEY"));
}

#[test]
fn a_marker_of_another_run_means_nothing() {
    let other = Secrets::new("other");
    let mut text = other.marker("KEY");
    knowing("value").place(SecretPlace::Text(&mut text));
    assert_eq!(text, other.marker("KEY"));
}

#[test]
fn a_value_is_taken_out_of_base64_wherever_it_begins_and_ends() {
    let value = "p4ss/w+rd~ü";
    let secrets = knowing(value);
    for before in ["", "u", "us", "user:", "a longer name:"] {
        for after in ["", "\n", "ab", "abc", " and so on"] {
            let text = format!("{before}{value}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text), STANDARD.encode(&text).replace('/', "\\/").replace('=', "%3D")] {
                let scrubbed = secrets.scrub_text(&encoded);
                assert!(scrubbed.contains(&secrets.marker("KEY")), "{text:?} as {encoded}: {scrubbed}");
            }
        }
    }
}

#[test]
fn a_value_is_taken_out_of_urls_forms_and_json_however_they_are_escaped() {
    let secrets = knowing("a b/c+d'é\"<");
    for form in [
        "a%20b%2Fc%2Bd%27%C3%A9%22%3C",
        "a%20b%2fc%2bd%27%c3%a9%22%3c",
        "a+b%2Fc%2Bd%27%C3%A9%22%3C",
        "a%20b%2Fc%2Bd'%C3%A9%22%3C",
        "a%20b/c+d'%C3%A9%22%3C",
        "%61%20%62%2F%63%2B%64%27%C3%A9%22%3C",
        "a b/c+d'é\\\"<",
        "a b\\/c+d'é\\\"<",
        "a b/c+d'\\u00e9\\\"<",
        "a b/c+d'\\u00E9\\\"<",
        "a b/c+d'é\\\"\\u003c",
        "a b/c+d\\u0027é\\u0022\\u003C",
        "\\u0061\\u0020\\u0062\\u002f\\u0063\\u002b\\u0064\\u0027\\u00e9\\u0022\\u003c",
    ] {
        assert_eq!(secrets.scrub_text(&format!("({form})")), format!("({})", secrets.marker("KEY")), "{form}");
    }
}

#[test]
fn the_password_in_a_url_is_taken_out_by_itself() {
    let secrets = knowing("rediss://deploy:p%40ss%2Fword@cache.test:6379/0");
    for text in ["p@ss/word", "p%40ss%2Fword", &STANDARD.encode("p@ss/word")] {
        assert_eq!(secrets.scrub_text(&format!("<{text}>")), format!("<{}>", secrets.marker("KEY")), "{text}");
    }
    assert_eq!(secrets.scrub_text("deploy at cache.test:6379"), "deploy at cache.test:6379", "the rest of it is no secret");
}

#[test]
fn a_value_that_comes_in_any_two_pieces_is_taken_out() {
    let secrets = knowing("s3cret-value");
    secrets.learn("LONGER", Secret::new(b"s3cret-value-and-more".to_vec()));
    let long = format!("{}s3cret-value-and-more{}s3cret-value{}", "x".repeat(200), "y".repeat(200), "z".repeat(200));
    for text in ["before s3cret-value after", "s3cret-value-and-more", "s3cret-values3cret-value-and-more", "nothing of the kind", "s3cret-value-and", &long] {
        for cut in 0..=text.len() {
            let (mut shown, kept) = secrets.scrub_beginning(&text.as_bytes()[..cut]);
            assert!(kept <= cut);
            let rest = secrets.scrub_text(&text[cut - kept..]);
            shown.extend_from_slice(rest.as_bytes());
            assert_eq!(String::from_utf8(shown).unwrap(), secrets.scrub_text(text), "{text} at {cut}");
        }
    }
}
