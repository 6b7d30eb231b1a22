use super::*;
use proptest::prelude::*;

const PUBLIC: ClientType = ClientType::Public;
const CONFIDENTIAL: ClientType = ClientType::Confidential;

#[test]
fn contract_7_redirect_uris_that_cannot_be_registered() {
    for bad in [
        "",
        "/callback",
        "app.example/callback",
        "http://app.example/callback",
        "https://app.example/callback#top",
        "https://user@app.example/",
        "https://app.example:+443/",
        "https://*.app.example/",
        "https://",
        "https:///callback",
        "https://[zz]/",
        "https://[::1/",
        "https://a!b/",
        "https://app.example:99999/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example/a b",
        "https://app.example/\u{e9}",
        "https://app.example/\r\nx",
        "myapp:/callback",
        "com.example.app:",
        "https://a\\b/",
        "https://app.example/?iss=https://other.example",
        "https://app.example/cb?x=1&state",
        "https://app.example/cb?c%6Fde=1",
        "com.example.app:/cb?error=x",
    ] {
        assert!(registrable(bad, PUBLIC).is_err(), "{bad}");
        assert!(registrable(bad, CONFIDENTIAL).is_err(), "{bad}");
    }
    assert!(registrable("com.example.app:/callback", CONFIDENTIAL).is_err());
}

#[test]
fn contract_7_redirect_uris_that_can_be_registered() {
    for good in [
        "https://app.example/callback",
        "https://app.example:8443/callback?x=1",
        "https://app.example/code?xcode=state&codes=iss",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:9/cb",
    ] {
        assert_eq!(registrable(good, CONFIDENTIAL), Ok(()), "{good}");
    }
    assert_eq!(registrable("com.example.app:/callback", PUBLIC), Ok(()));
}

#[test]
fn the_developer_is_told_why_a_uri_cannot_be_registered() {
    let character = "contains a character that is not allowed in a URI: percent-encode it";
    let host_and_port = "must have a valid host and port";
    let private = "must be https or, for an app, have a private-use scheme with a dot, such as com.example.app:/callback";
    let user = "must not contain a user name or password";
    for (bad, why) in [
        ("https://a/\u{7f}", character),
        ("https://a/ ", character),
        ("https://a/{x}", character),
        ("https://a/#", "must not have a fragment"),
        (
            "https://a/*",
            "must not contain a wildcard: register each URI in full",
        ),
        (
            "//a/cb",
            "must be absolute, such as https://app.example/callback",
        ),
        ("https:a/cb", "must name a host after //"),
        ("https://u:p@a/", user),
        ("com.example.app://u@a/", user),
        ("https://a:1:2/", host_and_port),
        ("https://[::1/", host_and_port),
        ("https://[::1]x/", host_and_port),
        ("https://[::1]x:1/", host_and_port),
        ("https://a:/", "must have a port from 0 to 65535"),
        ("https://a:65536/", "must have a port from 0 to 65535"),
        ("https:///", "must have a valid host"),
        ("https://:443/", "must have a valid host"),
        ("https://a!b/", "must have a valid host"),
        ("https://[1.2.3.4]/", "must have a valid host"),
        (
            "http://[::2]/",
            "must be https; http is allowed only for localhost, 127.0.0.1 and [::1]",
        ),
        ("myapp:/cb", private),
        ("1com.example:/cb", private),
        (".com.example:/cb", private),
        ("com_example.app:/cb", private),
        ("com.example.app:", private),
    ] {
        assert_eq!(registrable(bad, PUBLIC), Err(NotRegistrable(why)), "{bad}");
    }
    assert_eq!(
        registrable("com.example.app:/cb", CONFIDENTIAL),
        Err(NotRegistrable(
            "can have a private-use scheme only for a public client"
        ))
    );
}

#[test]
fn a_uri_has_at_most_1000_characters() {
    let of_length = |length: usize| format!("https://a/{}", "x".repeat(length - 10));
    assert_eq!(registrable(&of_length(1000), CONFIDENTIAL), Ok(()));
    for length in [1001, 2000] {
        assert_eq!(
            registrable(&of_length(length), CONFIDENTIAL),
            Err(NotRegistrable("must be at most 1000 characters long"))
        );
    }
}

#[test]
fn hosts_and_schemes_of_every_form_can_be_registered() {
    for good in [
        "https://a-b_c.example",
        "https://a?x=1",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "https://[2001:db8::1]:65535/",
        "http://[::1]/cb",
        "http://localhost:0",
    ] {
        assert_eq!(registrable(good, CONFIDENTIAL), Ok(()), "{good}");
    }
    for good in ["com.example-2+x.app:/cb", "Com.Example://host/cb"] {
        assert_eq!(registrable(good, PUBLIC), Ok(()), "{good}");
    }
}

#[test]
fn contract_2_redirect_uri_matches_byte_for_byte() {
    let registered = vec![String::from("https://app.example/cb")];
    for bad in [
        "https://app.example/cb/",
        "https://app.example/cb?x",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example/%63b",
        "https://app.example/cb#",
    ] {
        assert_eq!(confirm(Some(bad), &registered, PUBLIC), None, "{bad}");
    }
    assert!(confirm(Some("https://app.example/cb"), &registered, PUBLIC).is_some());
    assert!(confirm(None, &registered, PUBLIC).is_some());
    assert_eq!(confirm(None, &[], PUBLIC), None);
    let two = vec![
        String::from("https://a.example/"),
        String::from("https://b.example/"),
    ];
    assert_eq!(confirm(None, &two, PUBLIC), None);
}

#[test]
fn rfc8252_7_3_a_public_clients_loopback_ip_matches_on_any_port() {
    let registered = vec![
        String::from("http://127.0.0.1/cb"),
        String::from("http://[::1]:1/cb"),
    ];
    for good in [
        "http://127.0.0.1:5000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:65535/cb",
    ] {
        assert!(confirm(Some(good), &registered, PUBLIC).is_some(), "{good}");
    }
    assert_eq!(
        confirm(Some("http://127.0.0.1:5000/cb"), &registered, CONFIDENTIAL),
        None
    );
    for bad in [
        "http://127.0.0.1:5000/other",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:x/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:+1/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:5@evil.example/cb",
        "http://localhost:5000/cb",
        "https://127.0.0.1:5000/cb",
    ] {
        assert_eq!(confirm(Some(bad), &registered, PUBLIC), None, "{bad}");
    }
    let bare = vec![String::from("http://127.0.0.1")];
    for good in ["http://127.0.0.1", "http://127.0.0.1:5000"] {
        assert!(confirm(Some(good), &bare, PUBLIC).is_some(), "{good}");
    }
    for bad in [
        "http://127.0.0.1:5000/",
        "http://127.0.0.1/",
        "http://127.0.0.11",
        "http://[::1]",
    ] {
        assert_eq!(confirm(Some(bad), &bare, PUBLIC), None, "{bad}");
    }
    let name = vec![String::from("http://localhost:3000/cb")];
    assert_eq!(
        confirm(Some("http://localhost:3001/cb"), &name, PUBLIC),
        None
    );
}

#[test]
fn parameters_join_the_query_that_is_there() {
    let uri = |text: &str| ConfirmedRedirectUri(text.to_owned());
    let pairs = [("code", "a b"), ("state", "x&y")];
    assert_eq!(
        uri("https://a/").with_query(&pairs),
        "https://a/?code=a%20b&state=x%26y"
    );
    assert_eq!(
        uri("https://a/?k=v").with_query(&pairs),
        "https://a/?k=v&code=a%20b&state=x%26y"
    );
    assert_eq!(
        uri("https://a/?").with_query(&pairs),
        "https://a/?code=a%20b&state=x%26y"
    );
}

#[test]
fn parameters_join_a_query_that_ends_open_and_a_fragment() {
    let uri = |text: &str| ConfirmedRedirectUri(text.to_owned());
    let pairs = [("code", "a b"), ("state", "x&y")];
    assert_eq!(
        uri("https://a/?k=v&").with_query(&pairs),
        "https://a/?k=v&code=a%20b&state=x%26y"
    );
    assert_eq!(
        uri("https://a/?k=v").with_fragment(&pairs),
        "https://a/?k=v#code=a%20b&state=x%26y"
    );
}

#[test]
fn the_answer_goes_where_it_was_asked_to_or_to_the_only_uri_there_is() {
    let registered = vec![String::from("http://127.0.0.1/cb")];
    for (asked, confirmed) in [
        (None, "http://127.0.0.1/cb"),
        (Some("http://127.0.0.1:5000/cb"), "http://127.0.0.1:5000/cb"),
    ] {
        let found = confirm(asked, &registered, PUBLIC).unwrap();
        assert_eq!(found.as_str(), confirmed);
    }
}

#[test]
fn a_person_is_told_the_host_or_the_app() {
    let confirmed = |text: &str| {
        confirm(None, &[text.to_owned()], PUBLIC)
            .map(|uri| (uri.for_people(), uri.is_https(), uri.is_web()))
    };
    for (uri, said, https, web) in [
        ("https://a.example:8/x?y", "a.example:8", true, true),
        ("http://127.0.0.1:8/x", "127.0.0.1:8", false, true),
        (
            "com.example.app:/x",
            "the app com.example.app",
            false,
            false,
        ),
    ] {
        assert_eq!(confirmed(uri), Some((said.into(), https, web)), "{uri}");
    }
}

proptest! {
    #[test]
    fn no_input_is_confirmed_that_is_not_registered(
        asked in "(https|http|com\\.app):(//)?[a-z0-9.:@\\[\\]/?#*]{0,20}",
    ) {
        let registered = vec![String::from("https://app.example/cb"), String::from("http://127.0.0.1/cb")];
        if let Some(confirmed) = confirm(Some(&asked), &registered, PUBLIC) {
            let text = confirmed.as_str();
            let loopback = text.starts_with("http://127.0.0.1") && text.ends_with("/cb");
            prop_assert!(registered.iter().any(|known| known == text) || loopback);
        }
    }

    #[test]
    fn registration_never_panics(uri in "\\PC{0,60}") {
        let _ = registrable(&uri, PUBLIC);
        let _ = confirm(Some(&uri), std::slice::from_ref(&uri), PUBLIC).map(|c| c.for_people());
    }
}
