//! Access tokens: JWS of type `at+jwt` (RFC 9068), HS256, checked by us alone.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, EventId, GrantId, NotAnId, OwnerId};
use super::key::{KeyRing, Purpose};
use crate::protocol::client::ClientId;
use crate::protocol::encoding::{base64url, from_base64url};
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;

/// How long an access token is good for, in seconds.
pub const LIFETIME: u64 = 3600;

/// The claims of an access token (RFC 9068 section 2.2, and three of our own).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The issuer that signed it.
    pub iss: String,
    /// Whom it acts for.
    pub sub: Subject,
    /// The issuer again: the API it is for is the event's own.
    pub aud: String,
    /// Who it was issued to.
    pub client_id: ClientId,
    /// When it was issued.
    pub iat: UnixTime,
    /// When it stops being good.
    pub exp: UnixTime,
    /// Its own id.
    pub jti: String,
    /// What it allows.
    pub scope: Scope,
    /// The integration's incarnation at the time: a deleted and re-created one revives nothing.
    #[serde(rename = "inc")]
    pub incarnation: String,
    /// The grant it belongs to; none for a service without refresh tokens.
    #[serde(rename = "gid", skip_serializing_if = "Option::is_none", default)]
    pub grant_id: Option<GrantId>,
    /// The grant's generation it was issued in.
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none", default)]
    pub generation: Option<u64>,
}

/// Whom an access token acts for, its `sub`: a person by the account's id, a service by its `client_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "String")]
pub enum Subject {
    /// A person.
    Person(AccountId),
    /// A service.
    Service(ClientId),
}

impl TryFrom<String> for Subject {
    type Error = NotAnId;

    /// A client's id is a number, and no account's begins with a digit.
    fn try_from(text: String) -> Result<Self, NotAnId> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            let client_id = ClientId::try_from(text).map_err(|_| NotAnId)?;
            return Ok(Self::Service(client_id));
        }
        AccountId::try_from(text).map(Self::Person)
    }
}

impl core::fmt::Display for Subject {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Person(account_id) => account_id.fmt(f),
            Self::Service(client_id) => client_id.fmt(f),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

const ALG: &str = "HS256";
const TYP: &str = "at+jwt";

impl AccessToken {
    /// Who owns its grant: the person it acts for, or the service under the incarnation it was issued in.
    #[must_use]
    pub fn owner(&self) -> OwnerId {
        match &self.sub {
            Subject::Service(client_id) => OwnerId::service(client_id, &self.incarnation),
            Subject::Person(account_id) => account_id.clone().into(),
        }
    }

    /// The compact serialization (RFC 7515 section 7.1).
    #[must_use]
    pub fn seal(&self, ring: &KeyRing, event: &EventId) -> Option<String> {
        let key = ring.signing(Purpose::AccessToken, event);
        let header = Header {
            alg: ALG.into(),
            typ: TYP.into(),
            kid: key.kid().into(),
        };
        let text = format!(
            "{}.{}",
            base64url(&serde_json::to_vec(&header).ok()?),
            base64url(&serde_json::to_vec(self).ok()?)
        );
        let tag = key.tag(&[text.as_bytes()]);
        Some(format!("{text}.{}", base64url(&tag)))
    }

    /// Reads a token this event signed for `issuer`; says nothing of its age or its grant.
    /// On a loopback host the port does not count, as the contract has it.
    #[must_use]
    pub fn open(ring: &KeyRing, event: &EventId, issuer: &Issuer, token: &str) -> Option<Self> {
        if token.len() > 8192 {
            return None;
        }
        let (text, tag) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header: Header = serde_json::from_slice(&from_base64url(header)?).ok()?;
        (header.alg == ALG && header.typ == TYP).then_some(())?;
        let key = ring.of_version(&header.kid, Purpose::AccessToken, event)?;
        key.verifies(&[text.as_bytes()], &from_base64url(tag)?)
            .then_some(())?;
        let claims: Self = serde_json::from_slice(&from_base64url(claims)?).ok()?;
        (issuer.is(&claims.iss) && issuer.is(&claims.aud)).then_some(claims)
    }
}

/// The issuer identifier of an event (RFC 8414 section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    host: String,
    loopback: bool,
}

impl Issuer {
    /// `https://{host}`; on a loopback host the request's own origin.
    #[must_use]
    pub fn new(host: &str, loopback_origin: Option<&str>) -> Self {
        Self {
            text: loopback_origin.map_or_else(|| format!("https://{host}"), str::to_owned),
            host: host.to_owned(),
            loopback: loopback_origin.is_some(),
        }
    }

    /// The identifier itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `claim` names this issuer: the very text, or on loopback the same host name.
    #[must_use]
    pub fn is(&self, claim: &str) -> bool {
        if !self.loopback {
            return claim == self.text;
        }
        let Some(rest) = claim
            .strip_prefix("http://")
            .or_else(|| claim.strip_prefix("https://"))
        else {
            return false;
        };
        let name = match rest.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => rest,
        };
        name == self.host
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::{account, event, grant, owner};
    use crate::token::key::tests::ring;

    fn token(issuer: &str) -> AccessToken {
        AccessToken {
            iss: issuer.into(),
            sub: Subject::Person(account("acc_1")),
            aud: issuer.into(),
            client_id: ClientId::number(1001),
            iat: UnixTime(100),
            exp: UnixTime(3700),
            jti: "j1".into(),
            scope: Scope::of(["pii:basic"]),
            incarnation: "i1".into(),
            grant_id: Some(grant("g1")),
            generation: Some(1),
        }
    }

    #[test]
    fn rfc9068_2_1_the_header_says_hs256_and_at_jwt() {
        let text = token("https://reg.example")
            .seal(&ring(), &event("evt"))
            .unwrap();
        let header = from_base64url(text.split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], "HS256");
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(header["kid"], ring().current_kid());
    }

    #[test]
    fn contract_5_an_access_token_is_for_one_issuer_and_one_event() {
        let (ring, here) = (ring(), Issuer::new("reg.example", None));
        let text = token("https://reg.example")
            .seal(&ring, &event("evt"))
            .unwrap();
        assert!(AccessToken::open(&ring, &event("evt"), &here, &text).is_some());
        assert_eq!(AccessToken::open(&ring, &event("evt2"), &here, &text), None);
        let there = Issuer::new("other.example", None);
        assert_eq!(AccessToken::open(&ring, &event("evt"), &there, &text), None);
    }

    #[test]
    fn both_issuer_and_audience_must_be_this_one() {
        let (ring, here) = (ring(), Issuer::new("reg.example", None));
        assert_eq!(here.as_str(), "https://reg.example");
        for (iss, aud) in [
            ("https://reg.example", "https://other.example"),
            ("https://other.example", "https://reg.example"),
        ] {
            let token = AccessToken {
                aud: aud.into(),
                ..token(iss)
            };
            let text = token.seal(&ring, &event("evt")).unwrap();
            assert_eq!(
                AccessToken::open(&ring, &event("evt"), &here, &text),
                None,
                "{aud}"
            );
        }
    }

    #[test]
    fn a_token_of_more_than_8192_characters_is_not_looked_at() {
        let (ring, here) = (ring(), Issuer::new("reg.example", None));
        // Base64url has no text of 4n + 1 characters, so these are the last good length and the first bad.
        for (length, good) in [(8192, true), (8194, false), (8195, false)] {
            let text = (5700..5900)
                .filter_map(|letters| {
                    AccessToken {
                        jti: "j".repeat(letters),
                        ..token("https://reg.example")
                    }
                    .seal(&ring, &event("evt"))
                })
                .find(|text| text.len() == length)
                .unwrap();
            let found = AccessToken::open(&ring, &event("evt"), &here, &text);
            assert_eq!(found.is_some(), good, "{length}");
        }
    }

    #[test]
    fn a_token_whose_subject_is_a_client_is_a_services() {
        let token = token("https://reg.example");
        assert_eq!(token.owner(), owner("acc_1"));
        let service = AccessToken {
            sub: Subject::Service(ClientId::number(1001)),
            ..token
        };
        let incarnation = &service.incarnation;
        assert_eq!(service.owner().as_str(), format!("svc_1001_{incarnation}"));
    }

    #[test]
    fn a_subject_is_its_text_a_client_if_that_is_a_number() {
        let read = |text: &str| serde_json::from_value::<Subject>(text.into()).ok();
        for (text, subject) in [
            ("1001", Subject::Service(ClientId::number(1001))),
            ("acc_1", Subject::Person(account("acc_1"))),
        ] {
            assert_eq!(serde_json::to_value(&subject).unwrap(), text);
            assert_eq!(subject.to_string(), text);
            assert_eq!(read(text), Some(subject));
        }
        for bad in ["", "01", "1001x", "acc/1", "svc_1001_i"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn contract_1_on_loopback_iss_and_aud_are_checked_by_host_name_only() {
        let here = Issuer::new("a.localhost", Some("http://a.localhost:8787"));
        assert!(here.is("http://a.localhost:9999"));
        assert!(here.is("http://a.localhost"));
        assert!(!here.is("http://b.localhost:8787"));
        assert!(!here.is("http://a.localhost.evil:8787"));
        assert!(Issuer::new("[::1]", Some("http://[::1]:1")).is("http://[::1]:2"));
        assert!(Issuer::new("[::1]", Some("http://[::1]")).is("http://[::1]"));
    }

    #[test]
    fn rfc8725_3_1_another_algorithm_or_type_is_refused() {
        let ring = ring();
        let here = Issuer::new("reg.example", None);
        let claims = base64url(&serde_json::to_vec(&token("https://reg.example")).unwrap());
        for (alg, typ) in [("none", TYP), ("HS512", TYP), (ALG, "JWT")] {
            let kid = ring.current_kid();
            let header = format!(r#"{{"alg":"{alg}","typ":"{typ}","kid":"{kid}"}}"#);
            let text = format!("{}.{claims}", base64url(header.as_bytes()));
            let tag = ring
                .signing(Purpose::AccessToken, &event("evt"))
                .tag(&[text.as_bytes()]);
            let forged = format!("{text}.{}", base64url(&tag));
            assert_eq!(
                AccessToken::open(&ring, &event("evt"), &here, &forged),
                None,
                "{alg} {typ}"
            );
            assert_eq!(
                AccessToken::open(&ring, &event("evt"), &here, &format!("{text}.")),
                None
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn contract_5_any_flipped_bit_of_an_access_token_is_refused(at in 0usize..4096, bit in 0u8..7) {
            let here = Issuer::new("reg.example", None);
            let mut bytes = token("https://reg.example").seal(&ring(), &event("evt")).unwrap().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let Ok(forged) = String::from_utf8(bytes) else { return Ok(()) };
            proptest::prop_assert_eq!(AccessToken::open(&ring(), &event("evt"), &here, &forged), None);
        }
    }
}
