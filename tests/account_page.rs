//! Contract 3: a person's own page; refusals first.

mod support;

use serde_json::json;
use support::Scene;
use support::browser::authorization;
use support::people::Client;

#[test]
fn contract_3_a_foreign_origin_is_refused_at_every_form_of_the_account_and_changes_nothing() {
    let s = Scene::new();
    let (browser, other) = (s.signed_in(), s.signed_in());
    let scope = [("scope", "pii:basic")];
    let tokens = s.client.redeem(&s, &browser.code(&s.client, &scope));
    let make = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    let account = browser.get("/account");
    browser.submit(&account, "/account/tokens", &make).page(200);
    let account = browser.get("/account");
    let consent = browser.authorize(&s.client, &[("scope", "pii:email")]);
    let token = account.form_actions("/account/tokens/").remove(0);
    let forms = [
        (
            &consent,
            "/account/consent",
            &[("decision", "authorize")][..],
        ),
        (&account, "/account/tokens", &make),
        (&account, &token, &[]),
        (&account, "/account/sessions/", &[]),
        (&account, "/account/applications/", &[]),
    ];
    let before = s.memory.everything_stored();
    for (page, action, fields) in forms {
        let foreign = browser.submission(page, action, fields);
        browser
            .send(foreign.origin("https://evil.example"))
            .page(403);
        assert_eq!(s.memory.everything_stored(), before, "{action}");
    }
    assert!(other.is_signed_in());
    s.assert_lives(&tokens);
    for (page, action, fields) in forms {
        let own = browser.submit(page, action, fields).status();
        assert!(matches!(own, 200 | 303), "{action} {own}");
    }
    assert!(!other.is_signed_in());
}

#[test]
fn contract_3_a_form_of_the_account_page_says_that_nobody_is_signed_in() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.signed_in();
    let account = browser.get("/account");
    browser.submit(&account, "/logout", &[]).page(200);
    for action in ["/account/sessions/", "/account/tokens"] {
        let refused = browser.submit(&account, action, &[]).page(403);
        assert!(refused.contains("<h1>You are not signed in</h1>"));
        assert!(refused.contains("href=\"/account\""));
    }
    browser.sign_in(&s.robin);
    let refused = browser.submit(&account, "/account/tokens", &[]).page(403);
    assert!(refused.contains("<h1>This form is no longer valid</h1>"));
}

#[test]
fn contract_3_the_account_page_is_for_the_person_alone() {
    let s = Scene::new();
    assert!(s.browser().get("/account").asks_to_sign_in());
    for path in [
        "/account/applications/1001/revoke",
        "/account/sessions/s_x/end",
        "/account/tokens",
        "/account/tokens/x/revoke",
    ] {
        s.browser().post(path, &[]).page(403);
        s.signed_in().post(path, &[("form_token", "x")]).page(403);
    }
}

#[test]
fn contract_3_revoke_access_ends_all_of_one_applications_grants_and_the_next_request_asks() {
    let s = Scene::new();
    let browser = s.signed_in();
    let other = s.another_client();
    let one = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let two = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:email")]));
    let others = other.redeem(&s, &browser.code(&other, &[("scope", "pii:basic")]));
    let unredeemed = browser.code(&s.client, &[("scope", "pii:basic")]);
    let account = browser.get("/account");
    assert_eq!(
        account.form_actions("/account/applications/").len(),
        2,
        "each application once"
    );
    let action = format!("/account/applications/{}/revoke", s.client.id);
    assert_eq!(
        browser.submit(&account, &action, &[]).redirect().base,
        "/account"
    );
    s.assert_ended(&one);
    s.assert_ended(&two);
    s.whoami(&one.access).refused(401, "invalid_token");
    s.client
        .try_to_redeem(&s, &unredeemed, &[])
        .refused(400, "invalid_grant");
    assert!(other.is_active(&s, &others.access) && other.is_active(&s, &others.refresh));
    let page = browser.get("/account");
    assert_eq!(page.form_actions("/account/applications/").len(), 1);
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic")])
            .asks_for_consent()
    );
    let tokens = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    s.assert_lives(&tokens);
}

#[test]
fn contract_3_a_form_of_the_account_page_does_what_it_says_and_nothing_else() {
    let s = Scene::new();
    let browser = s.signed_in();
    let other = s.another_client();
    let kept = other.redeem(&s, &browser.code(&other, &[("scope", "pii:basic")]));
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let account = browser.get("/account");
    let hidden = account.form(&format!("/account/applications/{}/revoke", s.client.id));
    let token = &hidden.first().unwrap().1;
    let elsewhere = format!("/account/applications/{}/revoke", other.id);
    browser.post(&elsewhere, &[("form_token", token)]).page(403);
    assert!(other.is_active(&s, &kept.access));
    let another_session = s.signed_in();
    let own = format!("/account/applications/{}/revoke", s.client.id);
    another_session
        .post(&own, &[("form_token", token)])
        .page(403);
}

#[test]
fn contract_3_sessions_are_listed_and_can_be_ended_one_by_one() {
    let s = Scene::new();
    let (here, there) = (s.signed_in(), s.signed_in());
    let account = here.get("/account");
    let others = account.form_actions("/account/sessions/");
    assert_eq!(others.len(), 1);
    assert!(account.page(200).contains("This browser"));
    assert_eq!(
        here.submit(&account, "/account/sessions/", &[])
            .redirect()
            .base,
        "/account"
    );
    assert!(here.is_signed_in() && !there.is_signed_in());
}

#[test]
fn contract_3_a_form_that_ends_one_session_ends_no_other() {
    let s = Scene::new();
    let (here, one) = (s.signed_in(), s.signed_in());
    let of_one = here
        .get("/account")
        .form_actions("/account/sessions/")
        .remove(0);
    let other = s.signed_in();
    let account = here.get("/account");
    let mut all = account.form_actions("/account/sessions/");
    all.retain(|action| *action != of_one);
    let token = &account.form(&of_one)[0].1;
    here.post(&all[0], &[("form_token", token)]).page(403);
    assert!(one.is_signed_in() && other.is_signed_in());
    here.post(&of_one, &[("form_token", token)]).redirect();
    assert!(!one.is_signed_in() && other.is_signed_in());
}

#[test]
fn contract_3_the_account_page_says_what_was_just_taken_back_and_no_other_words() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.signed_in();
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let fields = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    let account = browser.get("/account");
    let made = browser.submit(&account, "/account/tokens", &fields);
    let notice = |page: &str| {
        let notice = page.split("<p class=\"done\" role=\"status\" tabindex=\"-1\" autofocus>");
        let mut parts = notice.skip(1);
        let words = parts
            .next()
            .map(|rest| rest.split("</p>").next().unwrap().to_owned());
        assert!(parts.next().is_none());
        words
    };
    assert_eq!(notice(&account.page(200)), None);
    assert_eq!(notice(&made.page(200)), None, "the token says it itself");

    let account = browser.get("/account");
    for (form, sentence) in [
        (
            "/account/applications/",
            "<bdi>Badge Buddy</bdi> can no longer use your account.",
        ),
        ("/account/sessions/", "That session has ended."),
        ("/account/tokens/", "The token no longer works."),
    ] {
        let action = account.form_actions(form).remove(0);
        // The second time it is as true as the first.
        for _ in 0..2 {
            let answer = browser.submit(&account, &action, &[]);
            let page = browser.get(answer.header("location").unwrap());
            assert_eq!(notice(&page.page(200)).as_deref(), Some(sentence), "{form}");
        }
    }
    let elsewhere = s.register(json!({"name": "Nowhere Buddy"}));
    for client_id in ["", "1", "x", "1001&client_id=1002", &elsewhere.id] {
        let page = browser.get(&format!("/account?done=access&client_id={client_id}"));
        assert_eq!(notice(&page.page(200)), None, "{client_id}");
    }
    // What is listed can still use the account.
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let page = browser.get(&format!("/account?done=access&client_id={}", s.client.id));
    assert_eq!(notice(&page.page(200)), None);
    for other in [
        "",
        "done",
        "done=",
        "done=Access",
        "done=access",
        "done=access+x",
        "done=%3Cb%3Ex",
        "done=access&done=token",
        "notice=x",
    ] {
        let page = browser.get(&format!("/account?{other}")).page(200);
        assert_eq!(notice(&page), None, "{other}");
    }
    let nobody = s.browser().get("/account?done=token");
    assert_eq!(nobody.header("location"), Some("/login?return=/account"));
}

#[test]
fn contract_3_the_account_page_lists_what_an_application_may_do_until_its_integration_goes() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    let listed = || {
        browser
            .get("/account")
            .form_actions("/account/applications/")
            .len()
    };
    let page = browser.get("/account").page(200);
    for part in [
        "Badge Buddy",
        "Prints badges on the spot",
        "Print badges",
        "See your name",
        ">Revoke access</button>",
        ">Sign out</button>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    s.suspend(&s.client);
    s.another_isolate();
    assert_eq!(listed(), 1, "what is paused can be taken back");
    s.resume(&s.client);
    s.delete_integration(&s.client);
    s.another_isolate();
    assert_eq!(listed(), 0);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert_eq!(listed(), 0, "re-creating revives nothing");
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic")])
            .asks_for_consent()
    );
}

#[test]
fn contract_3_the_account_page_says_what_is_paused_and_lists_only_what_is_approved_still() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    // The form that makes a token names the scopes too.
    let listed = || {
        let page = browser.get("/account").page(200);
        let sections: Vec<&str> = page.split("<section").collect();
        sections[1].to_owned()
    };
    let paused = "Paused by the organiser";
    s.suspend(&s.client);
    s.another_isolate();
    assert!(listed().contains(paused) && listed().contains("Print badges"));
    s.resume(&s.client);
    assert!(!listed().contains(paused), "that is the authority's word");

    s.change_application(&s.client, json!({"status": "suspended"}));
    s.another_isolate();
    assert!(!listed().contains(paused) && listed().contains("Paused at every event"));
    s.change_application(&s.client, json!({"status": "active"}));
    s.another_isolate();

    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert!(listed().contains("See your name") && !listed().contains("Print badges"));
    s.change(&s.client, json!({"obo_scopes": []}));
    s.another_isolate();
    assert!(!listed().contains("See your name") && listed().contains("No access at present"));
    assert!(listed().contains(">Revoke access</button>"));
    // Approved again, and granted, while the replica still has what was before.
    s.freeze();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    assert!(listed().contains("See your name") && !listed().contains("No access at present"));
}

#[test]
fn contract_3_one_persons_browser_does_nothing_for_another() {
    let s = Scene::new();
    let casey = s.other_person("casey@people.example");
    let robins = s.signed_in();
    let page = robins.authorize(&s.client, &[("scope", "pii:basic")]);
    robins.sign_in(&casey);
    let answer = robins.decide(&page, "authorize");
    assert_eq!(answer.status(), 403, "the page was shown to Robin");
    assert!(robins.get("/account").page(200).contains("Casey"));
    let again = robins.get(&authorization(&s.client, &[("scope", "pii:basic")]));
    assert!(again.page(200).contains(&casey.email));
}

#[test]
fn contract_3_account_lists_each_application_however_many_grants_another_has() {
    let s = Scene::new();
    let other = s.another_client();
    assert!(s.client.id < other.id);
    let browser = s.signed_in();
    let grant = |client: &Client| {
        let code = browser.code(client, &[("scope", "pii:basic")]);
        client.redeem(&s, &code);
    };
    for _ in 0..201 {
        grant(&s.client);
    }
    grant(&other);
    let listed = browser
        .get("/account")
        .form_actions("/account/applications/");
    assert_eq!(listed.len(), 2, "{listed:?}");
}
