//! Base64url and percent-encoding, in the strict forms that signed and compared values need.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Base64url without padding (RFC 7515 section 2).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The reverse of [`base64url`]. Padding, foreign characters and non-canonical last characters
/// are refused, so that one byte string has one text only.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Standard base64 with padding, as HTTP Basic uses it (RFC 7617); padding may be missing.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Decodes one name or value of `application/x-www-form-urlencoded`. A `%` that starts no
/// escape stands for itself, as in the WHATWG URL standard; `None` if the result is not UTF-8.
#[must_use]
pub fn form_decode(text: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => match rest.as_slice() {
                [high, low, ..] => match (hex(*high), hex(*low)) {
                    (Some(high), Some(low)) => {
                        rest.next();
                        rest.next();
                        high << 4 | low
                    }
                    _ => b'%',
                },
                _ => b'%',
            },
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Encodes one name or value for a query or form: everything but RFC 3986's unreserved
/// characters is escaped, so the result is inert in a URL, a header and an attribute.
#[must_use]
pub fn form_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(
                    DIGITS
                        .get(usize::from(nibble))
                        .copied()
                        .map_or('0', char::from),
                );
            }
        }
    }
    out
}

/// `name=value&…`, each part encoded by [`form_encode`].
#[must_use]
pub fn form_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&form_encode(name));
        out.push('=');
        out.push_str(&form_encode(value));
    }
    out
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex_lower(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_string_has_one_base64url_text() {
        assert_eq!(from_base64url("QQ"), Some(b"A".to_vec()));
        assert_eq!(
            from_base64url("QR"),
            None,
            "trailing bits that are not zero"
        );
        assert_eq!(from_base64url("QQ=="), None, "padding");
        assert_eq!(from_base64url("Q+"), None, "the other alphabet");
    }

    #[test]
    fn forms_decode_as_browsers_write_them() {
        assert_eq!(form_decode(b"a+b%20c%2B%e2%82%ac"), Some("a b c+€".into()));
        assert_eq!(form_decode(b"100%"), Some("100%".into()));
        assert_eq!(form_decode(b"%4"), Some("%4".into()));
        assert_eq!(form_decode(b"%zz"), Some("%zz".into()));
        assert_eq!(form_decode(b"%ff"), None);
        assert_eq!(form_encode("a b&c=é\"<>"), "a%20b%26c%3D%C3%A9%22%3C%3E");
    }

    #[test]
    fn basic_credentials_decode_with_and_without_padding_and_in_one_spelling() {
        for (text, bytes) in [
            ("QQ==", &b"A"[..]),
            ("QQ", b"A"),
            ("+/8=", b"\xfb\xff"),
            ("", b""),
        ] {
            assert_eq!(from_base64(text).as_deref(), Some(bytes), "{text}");
        }
        for bad in ["Q", "QR==", "-_8=", "Q Q=", "=QQ"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_escape_stands_for_its_byte_in_either_case() {
        for byte in 0..=0x7f_u8 {
            let plain = Some(String::from(char::from(byte)));
            assert_eq!(form_decode(format!("%{byte:02x}").as_bytes()), plain);
            assert_eq!(form_decode(format!("%{byte:02X}").as_bytes()), plain);
        }
        assert_eq!(form_decode(b"%E2%82%AC"), Some("\u{20ac}".into()));
        for not_an_escape in ["%g0", "%0g", "%@0", "%0@", "%`0", "%G0", "%/0", "%:0", "%"] {
            let found = form_decode(not_an_escape.as_bytes());
            assert_eq!(found.as_deref(), Some(not_an_escape));
        }
    }

    #[test]
    fn what_is_encoded_is_inert_and_decodes_to_itself() {
        let all: String = (0..=0xff_u8).map(char::from).collect();
        let encoded = form_encode(&all);
        assert!(
            encoded
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
        );
        assert_eq!(form_decode(encoded.as_bytes()), Some(all));
        assert_eq!(form_encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(form_encode("\u{0}\n/"), "%00%0A%2F");
    }

    #[test]
    fn pairs_are_joined_by_one_ampersand_and_cannot_run_together() {
        assert_eq!(form_pairs([]), "");
        assert_eq!(form_pairs([("a", "b")]), "a=b");
        assert_eq!(
            form_pairs([("a&", "b="), ("", ""), ("c", "d")]),
            "a%26=b%3D&=&c=d"
        );
    }

    #[test]
    fn hexadecimal_has_two_lower_case_digits_a_byte() {
        assert_eq!(hex_lower(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
        assert_eq!(hex_lower(&[]), "");
    }
}
