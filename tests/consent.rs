//! Contract 3: the consent page, and what is remembered of it; refusals first.

mod support;

use serde_json::json;
use support::answer::unescape;
use support::browser::Browser;
use support::people::Person;
use support::scene::catalogue;
use support::{CHALLENGE, EMAIL, NAME, ORIGIN, PASSWORD, Scene};

// -- The consent page ----------------------------------------------------------------------------------------

#[test]
fn contract_3_a_consent_form_that_is_not_ours_is_403_and_grants_nothing() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    let hidden = page.form("/account/consent");
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = hidden
            .iter()
            .filter(|(known, _)| known != name)
            .cloned()
            .collect();
        if !value.is_empty() {
            fields.push((name.to_owned(), value.to_owned()));
        }
        fields.push(("decision".into(), "authorize".into()));
        fields
    };
    let post = |browser: &Browser<'_>, fields: &[(String, String)], origin: &str| {
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        browser.send(
            browser
                .call("POST", "/account/consent")
                .form(&pairs)
                .origin(origin),
        )
    };
    let request = hidden
        .iter()
        .find(|(name, _)| name == "request")
        .unwrap()
        .1
        .clone();
    for fields in [
        with("form_token", ""),
        with("form_token", "x.1.y"),
        with("scope", "pii:basic pii:email"),
        with("scope", ""),
        with("request", ""),
        with("request", &request.replace("pii%3Abasic", "pii%3Aemail")),
        with("request", &format!("{request}&state=other")),
    ] {
        post(&browser, &fields, "null").page(403);
    }
    let right = with("", "");
    post(&browser, &right, "https://evil.example").page(403);
    post(&s.browser(), &right, "null").page(403);
    post(&s.signed_in(), &right, "null").page(403);
    let undecided: Vec<(String, String)> = hidden.clone();
    post(&browser, &undecided, "null").page(400);
    s.wait(4 * 3600 + 1);
    post(&browser, &right, "null").page(403);
    let again = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    browser.decide(&again, "authorize").redirect().code();
}

#[test]
fn contract_3_a_consent_form_counts_for_the_session_it_was_shown_to_and_no_other() {
    let s = Scene::new();
    let casey = s.other_person("casey@people.example");
    let caseys = s.browser();
    caseys.sign_in(&casey);
    let form = caseys
        .authorize(&s.client, &[("scope", "pii:basic")])
        .form("/account/consent");
    let robins = s.signed_in();
    let cookie = |browser: &Browser<'_>| browser.jar.borrow()["__Host-willcall"].clone();
    let (of_casey, of_robin) = (cookie(&caseys), cookie(&robins));
    let answered = |first: &str, second: &str, decision: &str| {
        let mut pairs: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.push(("decision", decision));
        let mut call = robins.call("POST", "/account/consent").form(&pairs);
        call.head.cookie = Some(format!("__Host-willcall={first}; __Host-willcall={second}"));
        call.send()
    };
    for decision in ["authorize", "deny"] {
        answered(&of_robin, &of_casey, decision).page(403);
    }
    answered(&of_casey, &of_robin, "authorize")
        .redirect()
        .code();
    s.change_account(&s.event, &casey, json!({"status": "disabled"}));
    for decision in ["authorize", "deny"] {
        answered(&of_casey, &of_robin, decision).page(403);
        answered(&of_robin, &of_casey, decision).page(403);
    }
}

#[test]
fn contract_3_a_consent_form_of_a_session_that_is_over_is_403_and_leads_back_to_the_request() {
    let s = Scene::new();
    let casey = s.other_person("casey@people.example");
    let browser = s.signed_in();
    let extra = [("scope", "pii:basic"), ("state", "a&b=\"<")];
    let ask = || browser.authorize(&s.client, &extra);
    let way_on = |page: &str| {
        let link = page.split("<a class=\"button\" href=\"").nth(1).unwrap();
        unescape(link.split('"').next().unwrap())
    };

    // Signed out in another tab.
    let page = ask();
    let account = browser.get("/account");
    browser.submit(&account, "/logout", &[]).page(200);
    for decision in ["authorize", "deny"] {
        let refused = browser.decide(&page, decision).page(403);
        assert!(refused.contains("<h1>You are not signed in</h1>"));
        assert!(refused.contains("Badge Buddy"), "{refused}");
        let again = browser.get(&way_on(&refused));
        assert!(again.asks_to_sign_in(), "{}", way_on(&refused));
    }
    let refused = browser.decide(&page, "authorize").page(403);
    let again = browser.sign_in_where_asked(&browser.get(&way_on(&refused)), &s.robin);
    let answer = browser.decide(&again, "authorize").redirect();
    assert!(!answer.code().is_empty());
    assert_eq!(answer.get("state"), Some("a&b=\"<"));

    // Signed in anew in another tab, as anybody; open for too long.
    for person in [&s.robin, &casey] {
        let page = ask();
        browser.sign_in(person);
        let refused = browser.decide(&page, "authorize").page(403);
        assert!(refused.contains("<h1>This form is no longer valid</h1>"));
        let again = browser.get(&way_on(&refused));
        assert!(again.asks_for_consent() && again.text().contains(&person.email));
    }
    let page = ask();
    s.wait(4 * 3600 + 1);
    let refused = browser.decide(&page, "authorize").page(403);
    assert!(browser.get(&way_on(&refused)).asks_for_consent());

    // It leads to a request of an application that may ask, and nowhere else.
    for request in ["", "client_id=1", "x", "//evil.example", "\r\nx: y"] {
        for browser in [&browser, &s.browser()] {
            let fields = [("request", request), ("decision", "authorize")];
            let refused = browser.post("/account/consent", &fields).page(403);
            assert_eq!(way_on(&refused), "/account", "{request:?}");
        }
    }
}

#[test]
fn contract_3_what_changed_while_the_consent_page_was_open_is_judged_anew() {
    let s = Scene::new();
    let browser = s.signed_in();
    let open = || browser.authorize(&s.client, &[("scope", "badge:print")]);
    let page = open();
    s.change_robin(json!({"permissions": []}));
    browser.decide(&page, "authorize").page(403);
    s.change_robin(json!({"permissions": ["badges"]}));
    let page = open();
    s.suspend(&s.client);
    s.another_isolate();
    browser.decide(&page, "authorize").page(400);
    s.resume(&s.client);
    let page = open();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert_eq!(
        browser.decide(&page, "authorize").redirect().error(),
        "invalid_scope"
    );
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "badge:print"]}),
    );
    s.another_isolate();
    let page = open();
    s.disable_robin();
    assert!(
        !matches!(browser.decide(&page, "authorize").status(), 200 | 400)
            || !browser.is_signed_in()
    );
    s.enable_robin();
    browser.sign_in(&s.robin);
    // Left out, the scope is what may be had at the time: more than was shown is shown again.
    s.change_robin(json!({"permissions": []}));
    let page = browser.authorize(&s.client, &[]);
    s.change_robin(json!({"permissions": ["badges"]}));
    let again = browser.decide(&page, "authorize");
    assert!(again.page(200).contains("Print badges") && again.asks_for_consent());
}

#[test]
fn contract_3_the_consent_page_shows_who_asks_for_what_of_whom() {
    let s = Scene::new();
    let answer = s
        .signed_in()
        .authorize(&s.client, &[("scope", "pii:basic stats:read")]);
    let page = unescape(&answer.page(200));
    for part in [
        "Harbour Con",
        "Badge Buddy",
        "Prints badges on the spot",
        "https://buddy.example/about",
        NAME,
        EMAIL,
        "Not you?",
        "See your name",
        "See statistics",
        ">Authorize Application</button>",
        ">Deny</button>",
        "buddy.example",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        !page.contains("See your email address")
            && !page.contains("This is an administrative permission")
    );
    assert!(!page.contains("danger"));
}

#[test]
fn contract_3_not_you_leads_to_signing_in_as_somebody_else_and_back() {
    let s = Scene::new();
    let casey = s.other_person("casey@people.example");
    let browser = s.signed_in();
    let switch = |page: &str, person: &Person| {
        let before = page.split("\">Not you?</a>").next().unwrap();
        let href = unescape(before.rsplit("href=\"").next().unwrap());
        let fields = [("email", person.email.as_str()), ("password", PASSWORD)];
        let back = browser.submit(&browser.get(&href), "/login", &fields);
        browser.get(back.header("location").unwrap())
    };
    let answer = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    let again = switch(&answer.page(200), &casey);
    assert!(again.asks_for_consent() && again.page(200).contains(&casey.email));

    // Whoever may not grant it is most likely signed in to the wrong account.
    let answer = browser.authorize(&s.client, &[("scope", "badge:print"), ("state", "kept")]);
    let again = switch(&answer.page(403), &s.robin);
    assert!(again.page(200).contains(EMAIL));
    let answer = browser.decide(&again, "authorize").redirect();
    assert_eq!(answer.get("state"), Some("kept"));
    // The same page after an answer whose permission was taken away meanwhile.
    let asked = browser.authorize(&s.client, &[("scope", "badge:print")]);
    s.change_robin(json!({"permissions": []}));
    let refused = browser.decide(&asked, "authorize").page(403);
    let again = switch(&refused, &casey);
    assert!(again.page(403).contains(&casey.email));
}

#[test]
fn contract_3_a_sensitive_scope_is_red_says_so_and_makes_the_button_red() {
    let s = Scene::new();
    let page = s
        .signed_in()
        .authorize(&s.client, &[("scope", "badge:print pii:basic")])
        .page(200);
    assert_eq!(
        page.matches("This is an administrative permission").count(),
        1
    );
    let line = page
        .split("<li")
        .find(|line| line.contains("This is an administrative permission"))
        .unwrap();
    assert!(line.contains("Print badges") && line.contains("class=\"sensitive\""));
    let button = page
        .split("<button")
        .find(|button| button.contains("value=\"authorize\""))
        .unwrap();
    assert!(button.contains("class=\"danger\""));
}

#[test]
fn contract_3_deny_goes_back_with_access_denied_and_is_not_remembered() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[]);
    let back = browser.decide(&page, "deny").redirect();
    assert_eq!(
        (back.error(), back.get("state"), back.get("iss")),
        ("access_denied", Some("st4te"), Some(ORIGIN))
    );
    assert!(browser.authorize(&s.client, &[]).asks_for_consent());
}

// -- What is remembered --------------------------------------------------------------------------------------

#[test]
fn an_answer_without_a_button_grants_nothing_and_leads_back_to_the_question() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[("scope", "stats:read")]);
    let before = s.memory.everything_stored();
    for decision in ["", "perhaps"] {
        let refused = browser.decide(&page, decision).page(400);
        assert!(refused.contains("href=\"/oauth/authorize?"), "{refused}");
    }
    assert_eq!(s.memory.everything_stored(), before);
}

#[test]
fn contract_3_consent_is_remembered_for_what_one_live_grant_covers() {
    let s = Scene::new();
    let browser = s.signed_in();
    let asks = |scope: &str| {
        browser
            .authorize(&s.client, &[("scope", scope)])
            .asks_for_consent()
    };
    let code = browser.code(&s.client, &[("scope", "pii:basic pii:email")]);
    assert!(
        asks("pii:basic"),
        "a code that was not redeemed is no grant"
    );
    let tokens = s.client.redeem(&s, &code);
    assert!(!asks("pii:basic pii:email") && !asks("pii:email"));
    assert!(asks("pii:email stats:read"), "wider");
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic"), ("prompt", "consent")])
            .asks_for_consent()
    );
    let wider = browser
        .authorize(&s.client, &[("scope", "pii:basic stats:read")])
        .page(200);
    assert!(
        wider.contains("See your name") && wider.contains("See statistics"),
        "the whole set"
    );
    // Two grants together cover more than one of them: that is not remembered.
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "stats:read")]));
    assert!(!asks("stats:read") && asks("pii:basic stats:read"));
    // Another application, another person.
    assert!(
        browser
            .authorize(&s.another_client(), &[("scope", "pii:basic")])
            .asks_for_consent()
    );
    // The grant's present scope counts, and only while it lives.
    s.client
        .try_to_refresh(&s, &tokens.refresh, "pii:basic")
        .ok();
    assert!(asks("pii:email") && !asks("pii:basic"));
    s.client.revoke(&s, &tokens.refresh);
    assert!(asks("pii:basic"));
}

#[test]
fn contract_3_a_sensitive_scope_is_asked_for_every_time() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    let asks = |scope: &str| {
        browser
            .authorize(&s.client, &[("scope", scope)])
            .asks_for_consent()
    };
    assert!(asks("badge:print") && asks("badge:print pii:basic") && !asks("pii:basic"));
    s.put_scopes(
        &s.event,
        json!([
            {"name": "badge:print", "title": "Print", "modes": ["obo"], "permission": "badges"},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"], "permission": "shirts"},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
            {"name": "pii:basic", "title": "Your name, which is sensitive here", "sensitive": true},
        ]),
    );
    s.wait(support::STALE);
    assert!(!asks("badge:print"), "no longer sensitive");
    assert!(asks("pii:basic"), "sensitive now");
}

#[test]
fn contract_3_what_became_sensitive_while_the_page_was_open_is_shown_so_before_it_is_granted() {
    let s = Scene::new();
    let browser = s.signed_in();
    let before = browser.authorize(&s.client, &[("scope", "stats:read")]);
    assert!(!before.page(200).contains("administrative"));
    let mut catalogue = catalogue();
    for scope in catalogue.as_array_mut().unwrap() {
        scope["sensitive"] = json!(scope["name"] == "stats:read");
    }
    s.put_scopes(&s.event, catalogue);
    s.another_isolate();
    let again = browser.decide(&before, "authorize");
    assert!(again.page(200).contains("administrative"));
    assert!(
        browser
            .decide(&again, "authorize")
            .redirect()
            .get("code")
            .is_some()
    );
}

#[test]
fn contract_3_what_was_renamed_while_the_page_was_open_is_shown_so_before_it_is_granted() {
    let s = Scene::new();
    let browser = s.signed_in();
    let mut renamed = catalogue();
    let mut described = renamed.clone();
    renamed[2]["title"] = json!("Copy every ticket");
    described[2] = renamed[2].clone();
    described[2]["description"] = json!("With all addresses.");
    let application = |field: &str, words: &str| Err(json!({field: words}));
    for (words, change) in [
        ("Badge Bully", application("name", "Badge Bully")),
        (
            "Sells all it learns.",
            application("description", "Sells all it learns."),
        ),
        (
            "bully.example",
            application("website", "https://bully.example"),
        ),
        ("Copy every ticket", Ok(renamed)),
        ("With all addresses.", Ok(described)),
    ] {
        let before = browser.authorize(&s.client, &[("scope", "stats:read")]);
        assert!(!before.page(200).contains(words), "{words}");
        match change {
            Ok(catalogue) => s.put_scopes(&s.event, catalogue),
            Err(fields) => s.change_application(&s.client, fields),
        }
        s.another_isolate();
        let again = browser.decide(&before, "authorize");
        assert!(again.page(200).contains(words), "{words}");
        let answered = browser.decide(&again, "authorize").redirect();
        assert!(answered.get("code").is_some(), "{words}");
    }
}

#[test]
fn contract_3_a_code_goes_where_the_page_said_that_it_would() {
    let s = Scene::new();
    let browser = s.signed_in();
    let registered = |uri: &str| s.change_application(&s.client, json!({"redirect_uris": [uri]}));
    registered("https://one.example/cb");
    s.another_isolate();
    let left_out = [("scope", "stats:read"), ("redirect_uri", "")];
    let before = browser.authorize(&s.client, &left_out);
    assert!(before.page(200).contains("one.example"));
    registered("https://two.example/cb");
    s.another_isolate();
    let again = browser.decide(&before, "authorize");
    assert!(again.page(200).contains("two.example"));
    let answered = browser.decide(&again, "authorize").redirect();
    assert!(answered.get("code").is_some());
}

#[test]
fn contract_3_a_public_client_whose_redirect_is_not_https_is_asked_for_every_time() {
    let s = Scene::new();
    let uris = [
        "https://pocket.example/cb",
        "http://127.0.0.1/cb",
        "com.pocket.app:/cb",
    ];
    let public = s.public_client(&uris);
    let browser = s.signed_in();
    let ask_with = |uri: &str, prompt: &str| {
        let extra = [
            ("scope", "pii:basic"),
            ("redirect_uri", uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("prompt", prompt),
        ];
        browser.authorize(&public, &extra)
    };
    let ask = |uri: &str| ask_with(uri, "");
    let back = browser.decide(&ask(uris[0]), "authorize").redirect();
    public
        .try_to_redeem(&s, back.code(), &[("code_verifier", support::VERIFIER)])
        .ok();
    assert!(!ask(uris[0]).asks_for_consent());
    for uri in ["http://127.0.0.1:4000/cb", uris[2]] {
        assert!(ask(uri).asks_for_consent(), "{uri}");
        let silent = ask_with(uri, "none").redirect();
        assert_eq!(
            (silent.base.as_str(), silent.error()),
            (uri, "consent_required")
        );
    }
    ask_with(uris[0], "none").redirect().code();
}
