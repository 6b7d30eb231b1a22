//! Form tokens: what proves that a form was ours, for this session and this action.

use super::id::EventId;
use super::key::{KeyRing, Purpose};
use crate::protocol::encoding::{base64url, from_base64url};
use crate::protocol::time::UnixTime;

/// How long a form may stay open, in seconds.
pub const LIFETIME: u64 = 4 * 3600;

/// What a form token is for.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// The session id, or the visit's where nobody is signed in.
    pub session: &'a str,
    /// What the form does.
    pub action: &'a str,
    /// What it does it to, such as the request consented to.
    pub subject: &'a str,
}

/// The token for a form shown now.
#[must_use]
pub fn seal(ring: &KeyRing, event: &EventId, form: &Form<'_>, now: UnixTime) -> String {
    let key = ring.signing(Purpose::FormToken, event);
    let issued = now.0.to_string();
    format!(
        "{}.{issued}.{}",
        key.kid(),
        base64url(&key.tag(&parts(form, &issued)))
    )
}

/// Whether a token is for this form and not too old.
#[must_use]
pub fn verifies(
    ring: &KeyRing,
    event: &EventId,
    form: &Form<'_>,
    token: &str,
    now: UnixTime,
) -> bool {
    let mut parts_of_token = token.splitn(3, '.');
    let (Some(kid), Some(issued), Some(tag)) = (
        parts_of_token.next(),
        parts_of_token.next(),
        parts_of_token.next(),
    ) else {
        return false;
    };
    let (Some(key), Some(tag), Ok(at)) = (
        ring.of_version(kid, Purpose::FormToken, event),
        from_base64url(tag),
        issued.parse::<u64>(),
    ) else {
        return false;
    };
    key.verifies(&parts(form, issued), &tag) && now.since(UnixTime(at)) <= LIFETIME
}

fn parts<'a>(form: &Form<'a>, issued: &'a str) -> [&'a [u8]; 4] {
    [
        form.session.as_bytes(),
        form.action.as_bytes(),
        form.subject.as_bytes(),
        issued.as_bytes(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::event;
    use crate::token::key::tests::ring;

    #[test]
    fn contract_3_a_form_token_is_bound_to_session_action_subject_event_and_time() {
        let ring = ring();
        let form = Form {
            session: "s1",
            action: "consent",
            subject: "request",
        };
        let token = seal(&ring, &event("evt"), &form, UnixTime(1000));
        assert!(verifies(
            &ring,
            &event("evt"),
            &form,
            &token,
            UnixTime(1000 + LIFETIME)
        ));
        assert!(!verifies(
            &ring,
            &event("evt"),
            &form,
            &token,
            UnixTime(1001 + LIFETIME)
        ));
        assert!(!verifies(
            &ring,
            &event("evt2"),
            &form,
            &token,
            UnixTime(1000)
        ));
        for other in [
            Form {
                session: "s2",
                ..form
            },
            Form {
                action: "revoke",
                ..form
            },
            Form {
                subject: "other",
                ..form
            },
        ] {
            assert!(!verifies(
                &ring,
                &event("evt"),
                &other,
                &token,
                UnixTime(1000)
            ));
        }
        for bad in ["", ".", "..", "a.b.c", &token.replace(".1000.", ".2000.")] {
            assert!(
                !verifies(&ring, &event("evt"), &form, bad, UnixTime(1000)),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_form_may_stay_open_for_four_hours() {
        assert_eq!(LIFETIME, 14_400);
    }
}
