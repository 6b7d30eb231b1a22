//! The common form of our own tokens: `prefix kid.payload.tag`, everything but the prefix
//! base64url. The tag covers the text as it stands, so that one token has one spelling.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::id::EventId;
use super::key::{KeyRing, Purpose};
use crate::protocol::encoding::{base64url, from_base64url};

/// Longer texts are not looked at.
const LONGEST: usize = 8192;

/// Signs `payload` for an event and a purpose. `context` goes into the tag and not into the
/// token: whoever opens it must know the same context.
#[must_use]
pub fn seal<T: Serialize>(
    ring: &KeyRing,
    kid: Option<&str>,
    purpose: Purpose,
    event: &EventId,
    prefix: &str,
    payload: &T,
    context: &[&[u8]],
) -> Option<String> {
    let key = match kid {
        None => ring.signing(purpose, event),
        Some(kid) => ring.of_version(kid, purpose, event)?,
    };
    let body = base64url(&serde_json::to_vec(payload).ok()?);
    let text = format!("{}.{body}", key.kid());
    let tag = key.tag(&parts(&text, context));
    Some(format!("{prefix}{text}.{}", base64url(&tag)))
}

/// Opens what [`seal`] made; `None` if a bit of it, its event, purpose or context is another's.
#[must_use]
pub fn open<T: DeserializeOwned>(
    ring: &KeyRing,
    purpose: Purpose,
    event: &EventId,
    prefix: &str,
    token: &str,
    context: &[&[u8]],
) -> Option<T> {
    let (text, body, kid, tag) = split(prefix, token)?;
    let key = ring.of_version(kid, purpose, event)?;
    key.verifies(&parts(text, context), &tag).then_some(())?;
    serde_json::from_slice(&from_base64url(body)?).ok()
}

fn split<'a>(prefix: &str, token: &'a str) -> Option<(&'a str, &'a str, &'a str, Vec<u8>)> {
    if token.len() > LONGEST {
        return None;
    }
    let (text, tag) = token.strip_prefix(prefix)?.rsplit_once('.')?;
    let (kid, body) = text.split_once('.')?;
    Some((text, body, kid, from_base64url(tag)?))
}

fn parts<'a>(text: &'a str, context: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut parts = vec![text.as_bytes()];
    parts.extend_from_slice(context);
    // One part would be taken as it is; an empty second keeps the lengths in.
    if context.is_empty() {
        parts.push(b"");
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::event;
    use crate::token::key::tests::ring;
    use proptest::prelude::*;

    const PURPOSES: [Purpose; 8] = [
        Purpose::AuthorizationCode,
        Purpose::AccessToken,
        Purpose::RefreshToken,
        Purpose::PersonalAccessToken,
        Purpose::Session,
        Purpose::Visit,
        Purpose::KnownBrowser,
        Purpose::FormToken,
    ];

    fn sealed(purpose: Purpose, event: &EventId) -> String {
        seal(
            &ring(),
            None,
            purpose,
            event,
            "wc_x_",
            &("payload", 7),
            &[b"context"],
        )
        .unwrap()
    }

    fn opened(
        purpose: Purpose,
        event: &EventId,
        token: &str,
        context: &[&[u8]],
    ) -> Option<(String, u64)> {
        open(&ring(), purpose, event, "wc_x_", token, context)
    }

    #[test]
    fn contract_5_no_token_of_one_purpose_or_event_verifies_as_another() {
        for made_for in PURPOSES {
            let token = sealed(made_for, &event("evt_a"));
            for asked in PURPOSES {
                let found = opened(asked, &event("evt_a"), &token, &[b"context"]);
                assert_eq!(
                    found.is_some(),
                    asked == made_for,
                    "{made_for:?} as {asked:?}"
                );
            }
            assert_eq!(
                opened(made_for, &event("evt_b"), &token, &[b"context"]),
                None
            );
            assert_eq!(opened(made_for, &event("evt_a"), &token, &[b"other"]), None);
            assert_eq!(opened(made_for, &event("evt_a"), &token, &[]), None);
        }
    }

    #[test]
    fn a_text_of_more_than_8192_characters_is_not_looked_at() {
        // Base64url has no text of 4n + 1 characters, so not every length can be had.
        for (length, good) in [(8192, true), (8193, false), (8194, false)] {
            let token = (6000..6200)
                .filter_map(|letters| {
                    let payload = ("p".repeat(letters), 7);
                    let purpose = Purpose::Session;
                    seal(
                        &ring(),
                        None,
                        purpose,
                        &event("evt"),
                        "wc_x_",
                        &payload,
                        &[],
                    )
                })
                .find(|token| token.len() == length)
                .unwrap();
            assert_eq!(
                opened(Purpose::Session, &event("evt"), &token, &[]).is_some(),
                good,
                "{length}"
            );
        }
    }

    #[test]
    fn no_context_is_not_a_context_of_two_empty_parts() {
        let token = seal(
            &ring(),
            None,
            Purpose::Session,
            &event("evt"),
            "wc_x_",
            &("p", 7),
            &[],
        )
        .unwrap();
        assert!(opened(Purpose::Session, &event("evt"), &token, &[]).is_some());
        assert_eq!(
            opened(Purpose::Session, &event("evt"), &token, &[b"", b""]),
            None
        );
    }

    proptest! {
        #[test]
        fn contract_5_any_flipped_bit_of_a_token_is_refused(at in 0usize..4096, bit in 0u8..7) {
            let token = sealed(Purpose::RefreshToken, &event("evt_a"));
            let mut bytes = token.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let Ok(forged) = String::from_utf8(bytes) else { return Ok(()) };
            prop_assert_eq!(opened(Purpose::RefreshToken, &event("evt_a"), &forged, &[b"context"]), None);
        }

        #[test]
        fn no_text_opens_or_panics(text in "\\PC{0,80}") {
            prop_assert_eq!(opened(Purpose::Session, &event("evt"), &format!("wc_x_{text}"), &[]), None);
        }
    }
}
