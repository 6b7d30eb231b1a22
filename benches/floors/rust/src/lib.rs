//! A Worker in Rust that does next to nothing, behind the same kind of edge as Willcall's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wasm_bindgen::prelude::*;

/// A constant answer.
#[wasm_bindgen]
#[must_use]
pub fn constant(_method: &str, _url: &str) -> String {
    r#"{"value":"constant"}"#.to_owned()
}

/// Reads the field `value` of a form and answers with its HMAC.
#[wasm_bindgen]
#[must_use]
pub fn authenticate(_method: &str, _url: &str, body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let value = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, value)| (decoded(name) == b"value").then(|| decoded(value)))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).ok()?;
    mac.update(&value);
    let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Some(format!(r#"{{"value":"{tag}"}}"#))
}

/// A name or value of a form as bytes.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    bytes
                        .next()
                        .and_then(|c| char::from(c).to_digit(16))
                        .unwrap_or(0)
                };
                let high = digit();
                (high * 16 + digit()) as u8
            }
            other => other,
        });
    }
    out
}
